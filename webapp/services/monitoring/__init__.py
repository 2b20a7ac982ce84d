"""What is watched: providers, clocks, unreal answers, and the rules that ask."""
