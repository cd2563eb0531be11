#!/bin/bash
# scripts/dev-workflow.sh

# 1. Start Minikube (if not running)
minikube status || minikube start

# 2. Use Minikube's Docker daemon
eval $(minikube docker-env)

# 3. Build images locally (no push needed)
docker build -t todo-api:dev ./backend
docker build -t todo-frontend:dev ./frontend

# 4. Deploy with Helm (development values)
helm upgrade --install todo-app ./charts/todo-app \
  --namespace dev \
  --create-namespace \
  -f ./charts/todo-app/values-dev.yaml \
  --set api.image.tag=dev \
  --set frontend.image.tag=dev

# 5. Wait for deployment
kubectl rollout status deployment/todo-app-api -n dev
kubectl rollout status deployment/todo-app-frontend -n dev

# 6. Start tunnel for ingress access
echo "Starting Minikube tunnel (requires sudo)..."
minikube tunnel
