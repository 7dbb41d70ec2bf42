"""Who works where. Everything of the server is below server/, next to a client that is left out here."""

from flask import Flask
from flask_migrate import Migrate
from models import db

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///app.db"

migrate = Migrate(app, db)
db.init_app(app)


@app.route("/")
def index():
    return {"employees": db.session.query(db.metadata.tables["employees"]).count()}
