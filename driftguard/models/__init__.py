"""Where the tables, columns, indexes and constraints of the models stand in the project's source."""
