from models.item import Item
from models.store import Store
from models.tag import Tag, items_tags

__all__ = ["Item", "Store", "Tag", "items_tags"]
