from db import db

items_tags = db.Table(
    "items_tags",
    db.Column("item_id", db.ForeignKey("items.id"), primary_key=True),
    db.Column("tag_id", db.ForeignKey("tags.id"), primary_key=True),
)


class Tag(db.Model):
    __tablename__ = "tags"

    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), unique=True, nullable=False)
    items = db.relationship("Item", secondary=items_tags, back_populates="tags")
