#!/bin/bash
# scripts/setup-minikube.sh

set -e

echo "Setting up Minikube cluster..."

# Start Minikube with recommended settings
minikube start \
  --driver=docker \
  --cpus=4 \
  --memory=8192 \
  --disk-size=40g \
  --kubernetes-version=v1.28.0 \
  --addons=ingress,metrics-server,dashboard

# Wait for cluster to be ready
echo "Waiting for cluster to be ready..."
kubectl wait --for=condition=Ready nodes --all --timeout=120s

# Enable additional addons
minikube addons enable registry
minikube addons enable ingress-dns

# Configure local registry
echo "Configuring local registry..."
eval $(minikube docker-env)

# Create development namespace
kubectl create namespace dev --dry-run=client -o yaml | kubectl apply -f -

# Set default namespace
kubectl config set-context --current --namespace=dev

echo "Minikube setup complete!"
echo ""
echo "Useful commands:"
echo "  minikube dashboard    - Open Kubernetes dashboard"
echo "  minikube tunnel       - Expose LoadBalancer services"
echo "  minikube ip           - Get cluster IP"
echo "  eval \$(minikube docker-env) - Use Minikube's Docker"
