"""What every subject uses: events, authorization, validation, the switch that stops money."""
