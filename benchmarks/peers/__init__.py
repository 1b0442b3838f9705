"""Other job queues, measured beside ours; they live in folders of their own, never in our virtual environment."""
