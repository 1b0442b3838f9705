"""Job types for tables: `table_archive` packs one away, `table_profile` tells what is in one."""
