"""What a stack costs: a pure function of the resources that its plan holds and of what its users do."""
