#!/usr/bin/env bash
# Rendered from todo-app/specs by kit spec render: change the specs, not this file.
# kit:digest 65ae028ed717200eed3b2679a184164e
# Makes the local cluster, or starts it again; may be repeated.
# It needs Docker Desktop or compatible runtime, 8 GB of free memory and 40 GB of free disk.
set -euo pipefail

PROFILE="${MINIKUBE_PROFILE:-todo-app}"
NAMESPACE="${NAMESPACE:-dev}"

for tool in minikube kubectl; do
  if ! command -v "$tool" >/dev/null; then
    echo "$tool is not on this machine: see kubernetes.io/docs/tasks/tools" >&2
    exit 1
  fi
done
kube=(kubectl --context "$PROFILE")

minikube start --profile "$PROFILE" --driver=docker --kubernetes-version=v1.35.0 --cpus=4 --memory=8192 --disk-size=40g --addons=ingress,metrics-server,dashboard
"${kube[@]}" wait --for=condition=Ready nodes --all --timeout=300s
minikube addons enable ingress-dns --profile "$PROFILE"
minikube addons enable registry --profile "$PROFILE"

"${kube[@]}" create namespace "$NAMESPACE" --dry-run=client --output=yaml | "${kube[@]}" apply --filename=-
"${kube[@]}" label namespace "$NAMESPACE" --overwrite \
  pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted
kubectl config set-context "$PROFILE" --namespace="$NAMESPACE"
# kit:keep setup
# kit:keep end

echo "Context $PROFILE, namespace $NAMESPACE."
echo "  minikube dashboard --profile $PROFILE    shows the cluster"
echo "  minikube tunnel --profile $PROFILE       gives LoadBalancer Services an address"
case "$(uname -s)" in
  Linux)
    echo "The Ingress answers once /etc/hosts has: $(minikube ip --profile "$PROFILE") todo.local api.todo.local"
    ;;
  *) # on macOS and Windows the docker driver's addresses are inside a virtual machine
    echo "The Ingress answers while minikube tunnel runs, once the hosts file has: 127.0.0.1 todo.local api.todo.local"
    ;;
esac
