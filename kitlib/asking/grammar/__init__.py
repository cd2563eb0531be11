"""Plain language without a model: a small, documented grammar that says when it does not understand.

A text is a request, or several joined by `and` or `then`. Each is read whole: a word that has no place in the
grammar means that nothing is understood, and nothing is done. What changes something begins with one of
the words in `writing.VERBS`, and a text with a negation (`not`, `don't`, `never` …) never changes anything.

PLACE      in namespace NAME | in the NAME namespace | -n NAME | in NAME | everywhere | in all namespaces
           Without one, a condition, an event and a why look where the caller says, else everywhere; a plain
           list and every change act in one namespace: the caller's, else the default one.
LIST       show | list | get | find | which | what … [the] [ADJECTIVE] KIND [CONDITION and CONDITION …]
ADJECTIVE  unhealthy | healthy | failing | crashing | pending | running | failed | evicted | terminating …
CONDITION  [not] running | pending | ready … · using more than 500Mi memory · using over 200m cpu
           restarted more than 3 times · older than 2d · newer than 1h · without limits | requests | probes
           with image TEXT · on node NAME · with label KEY=VALUE · of type TYPE
EXPOSED    … services exposed externally | reachable from outside | with an external IP
WHY        why is KIND NAME | NAME | my pod … crashing | failing | pending | slow … · diagnose NAME
EVENTS     … events [for NAME | for failing deployments] · what happened [to NAME]
LOGS       logs of NAME · previous logs of NAME · why … `last 50 lines of the log of NAME`
TOP        top pods | nodes · which pods use the most memory | cpu · resource usage
DESCRIBE   describe | explain KIND NAME · details of KIND NAME
ROLLOUT    rollout status of NAME · is NAME rolled out · history | revisions of NAME
CHANGE     scale [KIND] [NAME] to N · restart NAME · restart all pods | deployments … · roll back NAME [to
           revision N] · delete KIND NAME · set the image of NAME to IMAGE · set the memory limit of NAME to
           512Mi · label KIND NAME K=V · annotate … · cordon | uncordon NODE · pause | resume NAME ·
           suspend | resume cronjob NAME · apply FILE
"""

from kitlib.asking.grammar.forms import EXAMPLES
from kitlib.asking.grammar.understanding import understand

__all__ = ["EXAMPLES", "understand"]
