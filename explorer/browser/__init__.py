"""The edition without a server: networks as ONNX graphs, and a page of static files that runs them."""
