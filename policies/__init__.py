"""The policy pack: what every stack must be before it is deployed, stated apart from the program that makes it so."""
