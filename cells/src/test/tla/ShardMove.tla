------------------------------ MODULE ShardMove ------------------------------
(* The planned move of one shard between cells.

   Each cell has one durable database: the fence's row of the shard, and the log of what was
   committed there. Whoever calls may hold any route, however old; only the fence of the cell that
   it calls decides. A mover may die at any point, be replaced, and come back: each of its steps is
   one transaction that is guarded by what the databases say, and any step whose guard holds may be
   taken at any time, in any order, by anybody. There is no clock.

   A write is two steps: Begin has passed the fence, Commit appends. That the fence's lock is held
   from one to the other is LockWrites.

   The four constants at the end switch off one guard each; with any of them off the checker must
   find a history that breaks an invariant, or the guard would not be needed.                   *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Cells,
    Ops,          \* operations that clients try, each once: a retry under the same key is not a new one
    MaxEpoch,     \* how many grants are explored
    LockWrites,   \* a write holds the fence's row until it commits, and a close waits for it
    CheckToken,   \* a cell opens only when its own database has received the token of the close
    CancelFence,  \* a source reopens only after the target has durably refused the epoch
    RetireRule    \* a closed copy, which may be the only good one, is not purged

VARIABLES
    fence,        \* by cell: state, epoch, and to whom a closed shard goes
    log,          \* by cell: committed operations, and tokens of closes
    stream,       \* replications: from, to, for which epoch, and how much was applied
    txn,          \* writes between Begin and Commit: operation, cell, epoch
    acked,        \* what clients were told is done: operation, cell, epoch
    intent,       \* control's grants: epoch, from, to; one for each epoch
    tried         \* operations that were begun

vars == <<fence, log, stream, txn, acked, intent, tried>>
Nobody == "nobody"

Row(state, epoch, next) == [st |-> state, ep |-> epoch, nxt |-> next]

First == CHOOSE c \in Cells : TRUE

Init ==
    /\ fence = [c \in Cells |-> IF c = First THEN Row("OPEN", 1, Nobody) ELSE Row("ABSENT", 0, Nobody)]
    /\ log = [c \in Cells |-> <<>>]
    /\ stream = {} /\ txn = {} /\ acked = {} /\ intent = {} /\ tried = {}

\* ---- writes

Begin(o, c) ==
    /\ o \notin tried
    /\ fence[c].st = "OPEN"
    /\ txn' = txn \cup {<<o, c, fence[c].ep>>}
    /\ tried' = tried \cup {o}
    /\ UNCHANGED <<fence, log, stream, acked, intent>>

Commit(o, c, e) ==
    /\ <<o, c, e>> \in txn
    /\ log' = [log EXCEPT ![c] = Append(@, o)]
    /\ acked' = acked \cup {<<o, c, e>>}
    /\ txn' = txn \ {<<o, c, e>>}
    /\ UNCHANGED <<fence, stream, intent, tried>>

\* ---- the move

Grant(f, t) ==
    LET e == 2 + Cardinality(intent) IN
    /\ f # t /\ e <= MaxEpoch
    /\ intent' = intent \cup {<<e, f, t>>}
    /\ UNCHANGED <<fence, log, stream, txn, acked, tried>>

Purgeable(t) ==
    IF RetireRule THEN fence[t].st \in {"ABSENT", "RETIRED", "REFUSED"} ELSE fence[t].st # "OPEN"

\* The target's old copy goes, and a new one is made and followed.
Subscribe(e, f, t) ==
    /\ <<e, f, t>> \in intent /\ Purgeable(t) /\ fence[t].ep < e
    /\ ~\E s \in stream : s.to = t
    /\ stream' = stream \cup {[fr |-> f, to |-> t, ep |-> e, n |-> Len(log[f])]}
    /\ log' = [log EXCEPT ![t] = log[f]]
    /\ UNCHANGED <<fence, txn, acked, intent, tried>>

Close(e, f, t) ==
    /\ <<e, f, t>> \in intent /\ fence[f].st = "OPEN" /\ fence[f].ep < e
    /\ LockWrites => ~\E x \in txn : x[2] = f
    /\ fence' = [fence EXCEPT ![f] = Row("CLOSED", e, t)]
    /\ log' = [log EXCEPT ![f] = Append(@, <<"TOKEN", e>>)]
    /\ UNCHANGED <<stream, txn, acked, intent, tried>>

Apply(s) ==
    /\ s \in stream /\ s.n < Len(log[s.fr])
    /\ stream' = (stream \ {s}) \cup {[s EXCEPT !.n = @ + 1]}
    /\ log' = [log EXCEPT ![s.to] = Append(@, log[s.fr][s.n + 1])]
    /\ UNCHANGED <<fence, txn, acked, intent, tried>>

HasToken(c, e) == \E i \in 1..Len(log[c]) : log[c][i] = <<"TOKEN", e>>

Open(e, f, t) ==
    /\ <<e, f, t>> \in intent /\ Purgeable(t) /\ fence[t].ep < e
    /\ IF CheckToken THEN HasToken(t, e) ELSE fence[f].st = "CLOSED" /\ fence[f].ep = e
    /\ fence' = [fence EXCEPT ![t] = Row("OPEN", e, Nobody)]
    /\ stream' = {s \in stream : s.to # t}
    /\ UNCHANGED <<log, txn, acked, intent, tried>>

\* Cancelling: first the target promises never to open this epoch, then the source goes on.
Refuse(e, t) ==
    /\ \E x \in intent : x[1] = e /\ x[3] = t
    /\ Purgeable(t) /\ fence[t].ep < e
    /\ fence' = [fence EXCEPT ![t] = Row("REFUSED", e, Nobody)]
    /\ stream' = {s \in stream : s.to # t}
    /\ UNCHANGED <<log, txn, acked, intent, tried>>

Reopen(e, f, t) ==
    /\ <<e, f, t>> \in intent /\ fence[f].st = "CLOSED" /\ fence[f].ep = e
    /\ CancelFence => fence[t].st = "REFUSED" /\ fence[t].ep = e
    /\ fence' = [fence EXCEPT ![f] = Row("OPEN", e, Nobody)]
    /\ UNCHANGED <<log, stream, txn, acked, intent, tried>>

\* A closed copy may be purged only once the next owner is known to have opened.
Retire(e, f, t) ==
    /\ <<e, f, t>> \in intent /\ fence[f].st = "CLOSED" /\ fence[f].ep = e
    /\ fence[t].st \in {"OPEN", "CLOSED", "RETIRED"} /\ fence[t].ep >= e /\ HasToken(t, e)
    /\ fence' = [fence EXCEPT ![f] = Row("RETIRED", e, t)]
    /\ UNCHANGED <<log, stream, txn, acked, intent, tried>>

Next ==
    \/ \E o \in Ops, c \in Cells : Begin(o, c)
    \/ \E x \in txn : Commit(x[1], x[2], x[3])
    \/ \E f, t \in Cells : Grant(f, t)
    \/ \E x \in intent :
          \/ Subscribe(x[1], x[2], x[3])
          \/ Close(x[1], x[2], x[3])
          \/ Open(x[1], x[2], x[3])
          \/ Refuse(x[1], x[3])
          \/ Reopen(x[1], x[2], x[3])
          \/ Retire(x[1], x[2], x[3])
    \/ \E s \in stream : Apply(s)

Spec == Init /\ [][Next]_vars

\* ---- what holds

AtMostOneOpen == Cardinality({c \in Cells : fence[c].st = "OPEN"}) <= 1

InLog(o, c) == \E i \in 1..Len(log[c]) : log[c][i] = o

NothingLost == \A c \in Cells : fence[c].st = "OPEN" => \A a \in acked : InLog(a[1], c)

NothingTwice == \A c \in Cells : \A i, j \in 1..Len(log[c]) : i # j => log[c][i] # log[c][j]

OneOwnerOfAnEpoch == \A a, b \in acked : a[3] = b[3] => a[2] = b[2]

\* Not an invariant: refuted by a shard that has moved to and fro and taken writes, or nothing would be checked.
NeverMovedTwice == ~\E c \in Cells : fence[c].st = "OPEN" /\ fence[c].ep >= 4 /\ Cardinality(acked) = 2
=============================================================================
