"""A shop with one kind of thing in it; written so that SQLAlchemy 1.4 to 2.1 take it."""

from sqlalchemy import Column, ForeignKey, Integer, Numeric, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Shelf(Base):
    __tablename__ = "shelves"

    id = Column(Integer, primary_key=True)
    label = Column(String(20), nullable=False, unique=True)


class Item(Base):
    __tablename__ = "items"

    id = Column(Integer, primary_key=True)
    name = Column(String(80), nullable=False, index=True)
    price = Column(Numeric(8, 2))
    shelf_id = Column(Integer, ForeignKey("shelves.id", ondelete="CASCADE"))
