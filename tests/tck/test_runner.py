"""The runner reads models and cases as the kit writes them, and counts what is right and what is not."""

from pathlib import Path

import pytest

from tests.tck.__main__ import main
from tests.tck.documents import RefusedDocument, read

MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="urn:m" name="m">
  <itemDefinition name="tKind"><typeRef>string</typeRef>
    <allowedValues><text>"城镇","农村"</text></allowedValues></itemDefinition>
  <inputData id="i1" name="户籍 性质"><variable name="户籍 性质" typeRef="tKind"/></inputData>
  <businessKnowledgeModel id="b1" name="twice"><variable name="twice"/>
    <encapsulatedLogic><formalParameter name="n" typeRef="number"/>
      <literalExpression><text>n * 2</text></literalExpression></encapsulatedLogic>
  </businessKnowledgeModel>
  <decision id="d1" name="standard"><variable name="standard" typeRef="number"/>
    <informationRequirement><requiredInput href="#i1"/></informationRequirement>
    <decisionTable hitPolicy="UNIQUE">
      <input><inputExpression><text>户籍 性质</text></inputExpression></input><output/>
      <rule><inputEntry><text>"城镇"</text></inputEntry><outputEntry><text>750</text></outputEntry></rule>
      <rule><inputEntry><text>? = "农村"</text></inputEntry><outputEntry><text>685</text></outputEntry></rule>
    </decisionTable></decision>
  <decision id="d2" name="double"><variable name="double"/>
    <informationRequirement><requiredDecision href="#d1"/></informationRequirement>
    <knowledgeRequirement><requiredKnowledge href="#b1"/></knowledgeRequirement>
    <literalExpression><text>twice(standard)</text></literalExpression></decision>
</definitions>"""
CASES = """<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <modelName>m.dmn</modelName>
  <testCase id="1"><inputNode name="户籍 性质"><value xsi:type="xsd:string">农村</value></inputNode>
    <resultNode name="standard"><expected><value xsi:type="xsd:decimal">685</value></expected></resultNode>
    <resultNode name="double"><expected><value xsi:type="xsd:decimal">WANTED</value></expected></resultNode>
  </testCase>
  <testCase id="2"><inputNode name="户籍 性质"><value xsi:type="xsd:string">都市</value></inputNode>
    <resultNode name="double" errorResult="true"><expected><value xsi:nil="true"/></expected></resultNode>
  </testCase>
</testCases>"""


def kit(folder: Path, *, wanted: str = "1370") -> str:
    case = folder / "TestCases" / "compliance-level-3" / "0001-ours"
    case.mkdir(parents=True)
    (folder / "TestCases" / "compliance-level-2").mkdir()
    (case / "m.dmn").write_text(MODEL, encoding="utf-8")
    (case / "m-test-01.xml").write_text(CASES.replace("WANTED", wanted), encoding="utf-8")
    return str(folder)


def test_every_result_counts_and_literal_expressions_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([kit(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "compliance-level-3/0001-ours: 3 passed, 0 failed" in lines
    assert lines[-1].startswith("compliance-level-3: 3 of 3 passed (100.00 %); literal expressions 2 of 2")


def test_a_wrong_result_is_named_and_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-v", kit(tmp_path, wanted="1")]) == 1
    assert "1/double: expected 1, found 1370" in capsys.readouterr().out


def test_without_a_kit_it_says_what_it_wants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "make tck TCK=DIR" in capsys.readouterr().err


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.dmn"
    bomb.write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(RefusedDocument):
        read(bomb)
