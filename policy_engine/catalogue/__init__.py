"""The vocabulary of the city: what can be known, from whom, under which law; and standards by place and date.

``catalogue()`` gives the one catalogue; everything else refers to it by attribute id (``person.birth_date``).
"""

from policy_engine.catalogue.attributes import Attribute, Entity, Relation
from policy_engine.catalogue.divisions import Division, encloses
from policy_engine.catalogue.loading import Catalogue, catalogue
from policy_engine.catalogue.parameters import DatedValue, Parameter, Source, Standing

__all__ = [
    "Attribute",
    "Catalogue",
    "DatedValue",
    "Division",
    "Entity",
    "Parameter",
    "Relation",
    "Source",
    "Standing",
    "catalogue",
    "encloses",
]
