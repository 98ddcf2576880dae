"""Personal data is found, masked, hashed; what only looks like it stays."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standard import privacy, record


def kinds(text: str) -> list[str]:
    return [leak.kind for leak in privacy.find(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("身份证号11010519491231002X", ["id_number"]), ("１１０１０５１９４９１２３１００２Ｘ", ["id_number"]),
        ("李某，130503670401001，罚款", ["id_number"]), ("联系电话13800138000。", ["mobile"]), ("138 0013 8000", ["mobile"]),
        ("卡号6222020200112230009", []), ("开户行工商银行，账号6222021001134258653", ["bank_card"]),
        ("11010519491231002X、13900139000", ["id_number", "mobile"]),
    ],
)  # fmt: skip
def test_what_is_found(text: str, found: list[str]) -> None:
    assert kinds(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "许可证号320600202604080202",  # the date inside is that of the licence
        "91330000755918469E", "统一社会信用代码：113206000140120034", "示公（交）决字[2026]第330200410053741号",
        "注册号310230001716146", "银行账号46001005236058123456", "110105194912310021",  # check digit wrong
        "110105********002X", "0358-13800138000123", "编号20260913001380013", "订单〔2026〕13800138000号",
    ],
)  # fmt: skip
def test_what_must_stay(text: str) -> None:
    assert kinds(text) == []
    assert privacy.mask(text) == text


def test_masks() -> None:
    assert privacy.mask("电话13800138000，身份证11010519491231002X") == "电话138****8000，身份证110**************X"
    assert privacy.mask_code("E12345678") == "E12*****8"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张某"), ("张三丰", "张某某"), ("欧阳修", "欧阳某"), ("张某某", "张某某"), ("王**", "王**"), ("李*", "李*"),
        ("张三、李四五", "张某、李某某"), ("张三（示例饭店）", "张某（示例饭店）"), ("John Smith", "J某某"), ("", ""),
    ],
)  # fmt: skip
def test_names(name: str, shown: str) -> None:
    assert privacy.mask_person(name) == shown


def test_hash_depends_on_the_key() -> None:
    assert privacy.keyed_hash("x", b"a") == privacy.keyed_hash("x", b"a") != privacy.keyed_hash("x", b"b")
    assert len(privacy.keyed_hash("x", b"a")) <= 64


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("当事人张三，住址：山西省朔州市朔城区幸福街12号楼3单元", ["address"]), ("户籍所在地为示例县东村三组", ["address"]),
        ("家庭住址 示例市平安路5号", ["address"]), ("住址：示例市平安路5号，电话13800138000", ["address", "mobile"]),
        ("住址：示例市***", []), ("住址：示例市平鲁区", []), ("经营地址：示例市平安路5号", []), ("住所：示例市开发大道1号", []),
        ("当事人户籍管理违法一案", []), ("住址见身份证", []),
    ],
)  # fmt: skip
def test_homes_are_found_where_they_are_called_so(text: str, found: list[str]) -> None:
    assert kinds(text) == found
    assert kinds(privacy.mask(text)) == []


def test_a_home_in_a_column_is_told_and_masked_everywhere() -> None:
    home = "示例市平安路5号楼2单元301室"
    made = record.make("penalty", {"counterparty": "张三丰"}, profile="portal", today=datetime.date(2026, 10, 12), key=b"k",
                       raw={"当事人": "张三丰", "家庭住址": home})  # fmt: skip
    told = [(defect["rule"], defect["field"]) for defect in made["defects"] if defect["code"] == "over_disclosed"]
    assert told == [("P1", "家庭住址")] and home not in str(made) and "平安路5号" not in str(made)
    sent = record.make("penalty", {"counterparty": "张三丰"}, profile="submission", today=datetime.date(2026, 10, 12), key=b"k",
                       raw={"家庭住址": home})  # fmt: skip
    assert home not in str(sent) and not any(defect["code"] == "over_disclosed" for defect in sent["defects"])


ANY = st.text(alphabet="住址户籍地：为市县区路村组号楼室12345678901350XＸ１３- *张信用代码身份证卡", max_size=60)


@given(ANY)
def test_what_is_masked_has_nothing_left_and_stays_as_it_is(text: str) -> None:
    masked = privacy.mask(text)
    assert privacy.find(masked) == [] and privacy.mask(masked) == masked
    if masked != text:
        assert privacy.may_leak(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("当事人张三，男，住山西省朔州市朔城区幸福街12号楼3单元501室。", "当事人张三，男，住山西省朔州市***。"),
        ("家住示例市东湖区人民路12号3单元501室，卡号略", "家住示例市东湖区***，卡号略"),
        ("现住：示例市东湖区人民路12号", "现住：示例市东湖区***"),
        ("居住于示例市东湖区人民路12号", "居住于示例市东湖区***"),
    ],
)
def test_a_home_in_running_text_is_masked(text: str, shown: str) -> None:
    assert kinds(text) == ["address"]
    assert privacy.mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "经查，住所为示例市东湖区人民路12号的示例市甲公司", "违反规定，住房城乡建设局第3室查处", "，住宅楼12号楼未验收", "涉及住户12户",
        "，住宿登记不实，3号房", "住建局许可的12号楼", "，住院部3号楼",
    ],
)  # fmt: skip
def test_what_only_speaks_of_dwellings_stays(text: str) -> None:
    assert privacy.find(text) == [] and privacy.mask(text) == text
