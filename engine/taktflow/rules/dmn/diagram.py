"""Draws what a written file holds, so that modelling tools show its requirements graph at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

NAMESPACES: Mapping[str, str] = {
    "xmlns:dmndi": "https://www.omg.org/spec/DMN/20230324/DMNDI/",
    "xmlns:dc": "http://www.omg.org/spec/DMN/20180521/DC/",
    "xmlns:di": "http://www.omg.org/spec/DMN/20180521/DI/",
}
_STEP_X, _STEP_Y = 200, 140


@dataclass(frozen=True, slots=True)
class _Shape:
    id: str
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


def draw(root: Element) -> None:
    """Adds a diagram to ``definitions``: data below, decisions above what they require."""
    shapes = _placed(root)
    diagram = SubElement(SubElement(root, "dmndi:DMNDI"), "dmndi:DMNDiagram", {"id": "diagram"})
    for shape in shapes.values():
        drawn = SubElement(diagram, "dmndi:DMNShape", {"id": f"shape.{shape.id}", "dmnElementRef": shape.id})
        bounds = {"x": shape.x, "y": shape.y, "width": shape.width, "height": shape.height}
        SubElement(drawn, "dc:Bounds", {key: str(value) for key, value in bounds.items()})
    for decision in root.findall("decision"):
        for requirement in decision.findall("informationRequirement"):
            source, id = shapes[requirement[0].attrib["href"][1:]], requirement.attrib["id"]
            target = shapes[decision.attrib["id"]]
            edge = SubElement(diagram, "dmndi:DMNEdge", {"id": f"edge.{id}", "dmnElementRef": id})
            SubElement(edge, "di:waypoint", {"x": str(source.middle), "y": str(source.y)})
            SubElement(edge, "di:waypoint", {"x": str(target.middle), "y": str(target.y + target.height)})


def _placed(root: Element) -> dict[str, _Shape]:
    shapes: dict[str, _Shape] = {}
    columns = [0, 0, 0]
    for element in root:
        if element.tag not in ("inputData", "decision"):
            continue
        decided = element.find("informationRequirement/requiredDecision") is not None
        level = 0 if element.tag == "inputData" else 2 if decided else 1
        width, height = (125, 45) if level == 0 else (180, 80)
        x, y = 50 + columns[level] * _STEP_X, 50 + (2 - level) * _STEP_Y
        columns[level] += 1
        id = element.attrib["id"]
        shapes[id] = _Shape(id, x, y, width, height)
    return shapes
