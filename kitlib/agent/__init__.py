"""The agent: watches what its AgentConfig names, proposes, and changes only what the policy lets it."""
