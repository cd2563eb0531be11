# scripts/ai_debug.py
"""AI-assisted Kubernetes debugging workflow."""

import subprocess
import json
from openai import OpenAI

client = OpenAI()

def get_pod_status(namespace: str) -> dict:
    """Get pod status from cluster."""
    result = subprocess.run(
        ["kubectl", "get", "pods", "-n", namespace, "-o", "json"],
        capture_output=True, text=True
    )
    return json.loads(result.stdout)

def get_pod_logs(pod: str, namespace: str) -> str:
    """Get pod logs."""
    result = subprocess.run(
        ["kubectl", "logs", pod, "-n", namespace, "--tail=100"],
        capture_output=True, text=True
    )
    return result.stdout

def get_pod_events(pod: str, namespace: str) -> str:
    """Get events for a pod."""
    result = subprocess.run(
        ["kubectl", "get", "events", "-n", namespace,
         f"--field-selector=involvedObject.name={pod}"],
        capture_output=True, text=True
    )
    return result.stdout

def diagnose_pod(pod: str, namespace: str) -> str:
    """Use AI to diagnose pod issues."""
    # Gather context
    status = get_pod_status(namespace)
    logs = get_pod_logs(pod, namespace)
    events = get_pod_events(pod, namespace)

    # Ask AI for diagnosis
    response = client.chat.completions.create(
        model="gpt-4",
        messages=[
            {
                "role": "system",
                "content": """You are a Kubernetes debugging expert.
                Analyze the provided pod information and:
                1. Identify the root cause of any issues
                2. Suggest specific remediation steps
                3. Provide kubectl commands to fix the issue
                Be concise and actionable."""
            },
            {
                "role": "user",
                "content": f"""Diagnose this pod:

                Pod Status:
                {json.dumps(status, indent=2)}

                Recent Logs:
                {logs}

                Events:
                {events}
                """
            }
        ]
    )

    return response.choices[0].message.content

# Example usage
if __name__ == "__main__":
    diagnosis = diagnose_pod("api-5d8c9f7b6-x9j2k", "todo-app")
    print(diagnosis)
