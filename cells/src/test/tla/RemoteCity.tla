----------------------------- MODULE RemoteCity -----------------------------
(* The take-over of a unit by a copy in another city that nobody waits for. The city has a primary and one standby, whose
   flush each acknowledgement needs; it may fail over within itself once, and the copy may hear of that late or never. When
   the city is declared lost it may still serve. A user's device keeps the newest marker: generation and length of the log.

   Three constants switch off a rule each; with any off the checker must find a user who goes on as if nothing were lost, or
   a lost write that nobody can find any more.                                                                             *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Users,
    MaxLog,
    AfterCommit,    \* a marker is read after the commit that it is of
    ByGeneration,   \* a marker of a generation that the copy never heard of is beyond, wherever it is
    ReadFirst       \* no server of the lost city gets a fresh copy before its data is read

VARIABLES
    primary,        \* in the city
    wal,            \* by server: entries
    begun,          \* by user: what is not answered yet
    acked,          \* entries that were acknowledged
    told,           \* those of which a device has a marker
    marker,         \* by user: <<generation, place>>
    taken,          \* whether the copy took over, where its log ended, and of which generation it was
    serving,        \* whether the city still does
    behind,
    found,          \* entries in the tail that was read
    read,
    missed          \* whether somebody wrote to the new primary who was told of a write that it lacks

vars == <<primary, wal, begun, acked, told, marker, taken, serving, behind, found, read, missed>>
City == {"a", "b"}
Copy == "copy"
Servers == City \cup {Copy}
New == 3            \* the generation of the copy, above those of the city
Nothing == [state |-> "none", low |-> 0, at |-> 0]
Other(s) == CHOOSE o \in City : o # s
Row(g) == [user |-> "row", number |-> 0, generation |-> g]
Last(log) == log[Len(log)].generation
Entries(log) == {log[i] : i \in 1..Len(log)}
IsPrefix(a, b) == Len(a) <= Len(b) /\ \A i \in 1..Len(a) : a[i] = b[i]

Init ==
    /\ primary = "a"
    /\ wal = [s \in Servers |-> <<Row(1)>>]
    /\ begun = [u \in Users |-> Nothing]
    /\ acked = {} /\ told = {} /\ behind = {} /\ found = {}
    /\ marker = [u \in Users |-> <<0, 0>>]
    /\ taken = [done |-> FALSE, place |-> 0, previous |-> 0]
    /\ serving = TRUE /\ read = FALSE /\ missed = FALSE

Begin(u) ==
    /\ serving /\ begun[u] = Nothing /\ Len(wal[primary]) < MaxLog
    /\ begun' = [begun EXCEPT ![u] = [state |-> "open", low |-> Len(wal[primary]), at |-> 0]]
    /\ UNCHANGED <<primary, wal, acked, told, marker, taken, serving, behind, found, read, missed>>

Commit(u) ==
    /\ serving /\ begun[u].state = "open" /\ Len(wal[primary]) < MaxLog
    /\ wal' = [wal EXCEPT ![primary] =
            Append(@, [user |-> u, number |-> Len(@) + 1, generation |-> Last(@)])]
    /\ begun' = [begun EXCEPT ![u] = [@ EXCEPT !.state = "committed", !.at = Len(wal[primary]) + 1]]
    /\ UNCHANGED <<primary, acked, told, marker, taken, serving, behind, found, read, missed>>

\* A device that was served by the new primary keeps that one's marker: what the old one tells it then is in the tail alone.
Acknowledge(u) ==
    LET b == begun[u]
        entry == wal[primary][b.at]
        place == IF AfterCommit THEN Len(wal[primary]) ELSE b.low
        standby == wal[Other(primary)]
    IN
    /\ serving /\ b.state = "committed"
    /\ Len(standby) >= b.at /\ standby[b.at] = entry
    /\ acked' = acked \cup {entry}
    /\ IF marker[u][1] = New
       THEN UNCHANGED <<marker, told>>
       ELSE /\ marker' = [marker EXCEPT ![u] = <<entry.generation, place>>]
            /\ told' = told \cup {entry}
    /\ begun' = [begun EXCEPT ![u] = Nothing]
    /\ UNCHANGED <<primary, wal, taken, serving, behind, found, read, missed>>

GiveUpWaiting(u) ==
    /\ begun[u].state = "committed"
    /\ begun' = [begun EXCEPT ![u] = Nothing]
    /\ UNCHANGED <<primary, wal, acked, told, marker, taken, serving, behind, found, read, missed>>

Ship(s) ==
    /\ serving /\ s # primary /\ ~(s = Copy /\ taken.done)
    /\ IsPrefix(wal[s], wal[primary]) /\ Len(wal[s]) < Len(wal[primary])
    /\ wal' = [wal EXCEPT ![s] = Append(@, wal[primary][Len(@) + 1])]
    /\ UNCHANGED <<primary, begun, acked, told, marker, taken, serving, behind, found, read, missed>>

\* Of one whose log does not go on in the primary's.
FreshCopy(s) ==
    /\ ~taken.done /\ s # primary /\ ~IsPrefix(wal[s], wal[primary])
    /\ wal' = [wal EXCEPT ![s] = wal[primary]]
    /\ UNCHANGED <<primary, begun, acked, told, marker, taken, serving, behind, found, read, missed>>

FailOverInTheCity ==
    /\ ~taken.done /\ Last(wal[primary]) = 1 /\ Last(wal[Other(primary)]) = 1
    /\ Len(wal[Other(primary)]) < MaxLog
    /\ primary' = Other(primary)
    /\ wal' = [wal EXCEPT ![Other(primary)] = Append(@, Row(2))]
    /\ begun' = [u \in Users |-> Nothing]
    /\ UNCHANGED <<acked, told, marker, taken, serving, behind, found, read, missed>>

TakeOver ==
    /\ ~taken.done
    /\ taken' = [done |-> TRUE, place |-> Len(wal[Copy]), previous |-> Last(wal[Copy])]
    /\ wal' = [wal EXCEPT ![Copy] = Append(@, Row(New))]
    /\ UNCHANGED <<primary, begun, acked, told, marker, serving, behind, found, read, missed>>

IsBeyond(m) ==
    /\ m[1] \in {1, 2}
    /\ m[2] >= taken.place \/ (ByGeneration /\ m[1] > taken.previous)

WriteToTheNew(u) ==
    /\ taken.done /\ u \notin behind /\ Len(wal[Copy]) < MaxLog + 2
    /\ IF IsBeyond(marker[u])
       THEN /\ behind' = behind \cup {u}
            /\ UNCHANGED <<wal, marker, missed>>
       ELSE /\ wal' = [wal EXCEPT ![Copy] =
                    Append(@, [user |-> u, number |-> Len(@) + 1, generation |-> New])]
            /\ marker' = [marker EXCEPT ![u] = <<New, Len(wal[Copy]) + 1>>]
            /\ missed' = (missed \/ \E e \in told : e.user = u /\ e \notin Entries(wal[Copy]))
            /\ UNCHANGED behind
    /\ UNCHANGED <<primary, begun, acked, told, taken, serving, found, read>>

\* By an operator, who has the data: as a standby of nobody it serves no more.
Read ==
    /\ taken.done /\ ~read
    /\ serving' = FALSE /\ read' = TRUE
    /\ found' = Entries(wal[primary]) \ Entries(wal[Copy])
    /\ behind' = behind \cup {u \in Users : \E e \in found' : e.user = u}
    /\ UNCHANGED <<primary, wal, begun, acked, told, marker, taken, missed>>

JoinTheNew(s) ==
    /\ taken.done /\ (ReadFirst => read)
    /\ wal' = [wal EXCEPT ![s] = wal[Copy]]
    /\ serving' = FALSE
    /\ UNCHANGED <<primary, begun, acked, told, marker, taken, behind, found, read, missed>>

Next ==
    \/ \E u \in Users : Begin(u) \/ Commit(u) \/ Acknowledge(u) \/ GiveUpWaiting(u) \/ WriteToTheNew(u)
    \/ \E s \in Servers : Ship(s) \/ FreshCopy(s)
    \/ \E s \in City : JoinTheNew(s)
    \/ FailOverInTheCity \/ TakeOver \/ Read

Spec == Init /\ [][Next]_vars

\* Nobody who was told of a write goes on without it as if nothing had been.
NobodyMissed == ~missed

\* A write that the new primary lacks is in the tail, or still in the lost city.
NothingForgotten ==
    taken.done => \A e \in acked :
        e \in Entries(wal[Copy]) \/ e \in found \/ \E s \in City : e \in Entries(wal[s])

\* After the tail was read, all who lost something are read-only.
AllFound == read => \A e \in acked : e \in Entries(wal[Copy]) \/ e.user \in behind
=============================================================================
