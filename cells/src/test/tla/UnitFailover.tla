---------------------------- MODULE UnitFailover ----------------------------
(* The failover of a unit whose primary is lost: one primary and its standbys, to which it ships its
   log. An acknowledgement needs the flush of any K standbys. Control counts generations and runs one
   failover at a time. Nobody has a clock, and the old primary is never asked: it may still run.

   Three constants switch off a rule each; with any off the checker must find a lost write.      *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Nodes,
    Ops,
    MaxGeneration,
    K,              \* standbys whose flush an acknowledgement needs
    NeedPromises,   \* a promotion needs promises of all standbys but K - 1
    ChooseLongest,  \* the longest flushed log among the promised is promoted
    ByGeneration    \* lengths are compared only within a generation, and the newest generation wins

VARIABLES
    control,        \* generation, candidate or primary, members, whether the failover is done
    role,           \* by node: PRIMARY or STANDBY
    generation,     \* by node: of the primary that it is
    promised,       \* by node: the highest generation that it has promised to
    follows,        \* by node: whose log it takes
    wal,            \* by node: entries <<operation, generation>>
    flushed,        \* what standbys have told: <<primary, generation, standby, length>>
    acked,
    tried

vars == <<control, role, generation, promised, follows, wal, flushed, acked, tried>>
Nobody == "nobody"
Lost == CHOOSE n \in Nodes : TRUE

Init ==
    /\ control = [t |-> 1, p |-> Lost, members |-> Nodes \ {Lost}, done |-> TRUE]
    /\ role = [n \in Nodes |-> IF n = Lost THEN "PRIMARY" ELSE "STANDBY"]
    /\ generation = [n \in Nodes |-> 1]
    /\ promised = [n \in Nodes |-> 1]
    /\ follows = [n \in Nodes |-> IF n = Lost THEN Nobody ELSE Lost]
    /\ wal = [n \in Nodes |-> <<>>]
    /\ flushed = {} /\ acked = {} /\ tried = {}

LastGeneration(log) == IF log = <<>> THEN 0 ELSE log[Len(log)][2]

\* A node that took no part in the last generation may have a long tail that nobody was told of.
NoShorter(a, b) ==
    IF ByGeneration /\ LastGeneration(a) # LastGeneration(b)
    THEN LastGeneration(a) > LastGeneration(b)
    ELSE Len(a) >= Len(b)

IsPrefix(a, b) == Len(a) <= Len(b) /\ \A i \in 1..Len(a) : a[i] = b[i]

Write(p, o) ==
    /\ role[p] = "PRIMARY" /\ o \notin tried
    /\ wal' = [wal EXCEPT ![p] = Append(@, <<o, generation[p]>>)]
    /\ tried' = tried \cup {o}
    /\ UNCHANGED <<control, role, generation, promised, follows, flushed, acked>>

Ship(p, s) ==
    /\ role[p] = "PRIMARY" /\ follows[s] = p /\ role[s] = "STANDBY" /\ promised[s] = generation[p]
    /\ IsPrefix(wal[s], wal[p]) /\ Len(wal[s]) < Len(wal[p])
    /\ wal' = [wal EXCEPT ![s] = Append(@, wal[p][Len(@) + 1])]
    /\ flushed' = flushed \cup {<<p, generation[p], s, Len(wal[s]) + 1>>}
    /\ UNCHANGED <<control, role, generation, promised, follows, acked, tried>>

Acknowledge(p, i) ==
    /\ role[p] = "PRIMARY" /\ i \in 1..Len(wal[p]) /\ wal[p][i][2] = generation[p]
    /\ Cardinality({s \in Nodes : \E j \in i..Cardinality(Ops) * MaxGeneration :
                        <<p, generation[p], s, j>> \in flushed}) >= K
    /\ acked' = acked \cup {wal[p][i]}
    /\ UNCHANGED <<control, role, generation, promised, follows, wal, flushed, tried>>

Start(c) ==
    /\ control.done /\ control.t < MaxGeneration /\ c # control.p /\ c \in control.members
    /\ control' = [control EXCEPT !.t = @ + 1, !.p = c, !.done = FALSE]
    /\ UNCHANGED <<role, generation, promised, follows, wal, flushed, acked, tried>>

\* Durable: from now on it takes nothing from a primary of an earlier generation. One that is a primary of an earlier
\* generation still, and was not made to follow in time, is made a standby for it.
Promise(s) ==
    /\ ~control.done /\ s \in control.members /\ promised[s] < control.t
    /\ role' = [role EXCEPT ![s] = "STANDBY"]
    /\ promised' = [promised EXCEPT ![s] = control.t]
    /\ follows' = [follows EXCEPT ![s] = Nobody]
    /\ UNCHANGED <<control, generation, wal, flushed, acked, tried>>

Promote ==
    LET c == control.p
        quorum == {s \in control.members : promised[s] = control.t}
    IN
    /\ ~control.done /\ c \in quorum
    /\ Cardinality(quorum) >= IF NeedPromises THEN Cardinality(control.members) - K + 1 ELSE 1
    /\ LET best == IF ChooseLongest
                   THEN CHOOSE s \in quorum : \A r \in quorum : NoShorter(wal[s], wal[r])
                   ELSE c
       IN
       /\ role' = [role EXCEPT ![best] = "PRIMARY"]
       /\ generation' = [generation EXCEPT ![best] = control.t]
       /\ control' = [control EXCEPT !.p = best, !.done = TRUE, !.members = Nodes \ {best}]
    /\ UNCHANGED <<promised, follows, wal, flushed, acked, tried>>

Common(a, b) ==
    LET n == CHOOSE k \in 0..Len(a) :
                 IsPrefix(SubSeq(a, 1, k), b) /\ \A m \in (k + 1)..Len(a) : ~IsPrefix(SubSeq(a, 1, m), b)
    IN SubSeq(a, 1, n)

\* Rewinds to what it has in common with the primary, and follows it.
Join(s) ==
    /\ control.done /\ s # control.p /\ follows[s] # control.p
    /\ role[control.p] = "PRIMARY" /\ generation[control.p] = control.t
    /\ wal' = [wal EXCEPT ![s] = Common(@, wal[control.p])]
    /\ role' = [role EXCEPT ![s] = "STANDBY"]
    /\ promised' = [promised EXCEPT ![s] = control.t]
    /\ follows' = [follows EXCEPT ![s] = control.p]
    /\ UNCHANGED <<control, generation, flushed, acked, tried>>

Next ==
    \/ \E n \in Nodes, o \in Ops : Write(n, o)
    \/ \E n, s \in Nodes : Ship(n, s)
    \/ \E n \in Nodes : \E i \in 1..Len(wal[n]) : Acknowledge(n, i)
    \/ \E n \in Nodes : Start(n) \/ Promise(n) \/ Join(n)
    \/ Promote

Spec == Init /\ [][Next]_vars

\* ---- what holds

In(e, n) == \E i \in 1..Len(wal[n]) : wal[n][i] = e

NothingLost == control.done => \A e \in acked : In(e, control.p)

AcknowledgedOnce == \A e, f \in acked : e[1] = f[1] => e = f
=============================================================================
