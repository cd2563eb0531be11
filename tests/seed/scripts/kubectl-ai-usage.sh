# Querying Resources
kubectl ai "show all pods that are not running"
# Generated: kubectl get pods -A --field-selector=status.phase!=Running

kubectl ai "find pods using more than 500Mi memory"
# Generated: kubectl top pods -A | awk '$4 > 500'

kubectl ai "list services exposed externally"
# Generated: kubectl get svc -A --field-selector spec.type=LoadBalancer

# Debugging
kubectl ai "why is my pod crashing"
# Generated: kubectl describe pod <name> && kubectl logs <name> --previous

kubectl ai "show events for failing deployments"
# Generated: kubectl get events --field-selector reason=Failed

# Operations (with confirmation)
kubectl ai "scale deployment api to 5 replicas"
# Preview: kubectl scale deployment api --replicas=5
# Confirm? [y/N]

kubectl ai "restart all pods in namespace todo-app"
# Preview: kubectl rollout restart deployment -n todo-app
# Confirm? [y/N]
