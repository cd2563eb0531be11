#!/usr/bin/env bash
# Makes the local cluster, or starts it again; may be repeated.
# It needs {{ needs.runtime }}, {{ needs.memory_gb }} GB of free memory and {{ needs.disk_gb }} GB of free disk.
set -euo pipefail

PROFILE="${MINIKUBE_PROFILE:-{{ app }}}"
NAMESPACE="${NAMESPACE:-{{ namespace }}}"

for tool in minikube kubectl; do
  if ! command -v "$tool" >/dev/null; then
    echo "$tool is not on this machine: see kubernetes.io/docs/tasks/tools" >&2
    exit 1
  fi
done
kube=(kubectl --context "$PROFILE")

{{ start }}
"${kube[@]}" wait --for=condition=Ready nodes --all --timeout=300s
{% for command in addons %}
{{ command }}
{% endfor %}

"${kube[@]}" create namespace "$NAMESPACE" --dry-run=client --output=yaml | "${kube[@]}" apply --filename=-
"${kube[@]}" label namespace "$NAMESPACE" --overwrite \
  pod-security.kubernetes.io/enforce={{ pod_security }} pod-security.kubernetes.io/warn={{ pod_security }}
kubectl config set-context "$PROFILE" --namespace="$NAMESPACE"
# kit:keep setup
# kit:keep end

echo "Context $PROFILE, namespace $NAMESPACE."
echo "  minikube dashboard --profile $PROFILE    shows the cluster"
echo "  minikube tunnel --profile $PROFILE       gives LoadBalancer Services an address"
{% if hosts %}
case "$(uname -s)" in
  Linux)
    echo "The Ingress answers once /etc/hosts has: $(minikube ip --profile "$PROFILE") {{ hosts | join(" ") }}"
    ;;
  *) # on macOS and Windows the docker driver's addresses are inside a virtual machine
    echo "The Ingress answers while minikube tunnel runs, once the hosts file has: 127.0.0.1 {{ hosts | join(" ") }}"
    ;;
esac
{% endif %}
