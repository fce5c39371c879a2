"""What finchat found, as files for other programs: CSV, HTML, XLSX."""
