"""The generated tables: methods as policies, and the criteria judged."""
