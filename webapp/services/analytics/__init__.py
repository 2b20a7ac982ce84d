"""Analytics: what each tenant sold on each day, made by one pass over a day's rows, and read for pages and the API."""
