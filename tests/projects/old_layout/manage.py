"""The manager of that time: `python manage.py db upgrade`. Flask-Script does not run on a current Flask."""

from app import app, db
from flask_migrate import Migrate, MigrateCommand
from flask_script import Manager

migrate = Migrate(app, db)
manager = Manager(app)
manager.add_command("db", MigrateCommand)

if __name__ == "__main__":
    manager.run()
