# Install kubectl-ai
brew install kubectl-ai  # macOS
# or
go install github.com/sozercan/kubectl-ai@latest

# Configure
export OPENAI_API_KEY="your-api-key"

# Optional: Use local models
kubectl ai --backend ollama --model llama2
