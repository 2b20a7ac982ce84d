"""Analytics: the days and the periods by which figures are told."""
