"""A lending library, begun years ago. The application knows nothing of migrations: only manage.py does."""

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("LIBRARY_DATABASE", "sqlite:///library.db")
db = SQLAlchemy(app)


class Book(db.Model):
    __tablename__ = "books"

    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(120), nullable=False)
    shelf = db.Column(db.String(12))
