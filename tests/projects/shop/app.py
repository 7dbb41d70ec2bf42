"""A shop with an application factory."""

import os

import models  # noqa: F401  (registers the tables)
from db import db
from flask import Flask
from flask_migrate import Migrate


def create_app(address=None):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = address or os.environ["SHOP_DATABASE"]
    db.init_app(app)
    Migrate(app, db)
    return app
