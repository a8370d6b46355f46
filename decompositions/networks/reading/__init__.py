"""A model read as a network: by symbolic tracing, or by ``torch.export``; and checked against the model."""
