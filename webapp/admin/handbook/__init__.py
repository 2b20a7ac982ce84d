"""The handbook and the glossary: pages to read, from the desk itself."""
