"""Every label and interface key that the domain paper has met, as data of this test: none may be lost, none may move.

The tables are written out here on purpose, and not taken from the data files they judge.
"""

# ruff: noqa: E501 - tables of data, one case a line

from __future__ import annotations

import datetime

import pytest

from standard import record
from standard.aliases import kind_of, match, normalise

TODAY = datetime.date(2026, 10, 12)
LICENCE, PENALTY = "licence", "penalty"

# field, kinds in whose tables the labels stand (L licences, P penalties), labels
LABELS = """
counterparty LP 行政相对人名称|当事人|当事人名称|当事人姓名|当事人姓名/名称|当事人姓名或者单位名称|当事人名称或姓名|案件当事人名称|行政相对人|行政相对人名称(单位名称)
counterparty LP 行政相对人（企业）名称|主体名称|信用主体名称|企业名称|企业名称或自然人姓名|单位名称|公司名称|机构名称|个人姓名|个人名称|姓名|名称|法人或其他组织名称
counterparty LP 自然人或个体工商户名称|纳税人名称|经营者名称
counterparty P 被处罚人名称|处罚对象|被处罚人|被处罚人姓名|被处罚单位名称|受处罚人|受处罚人名称|受处罚人姓名|受处罚机构|受处罚机构名称|受处罚单位|受处罚单位名称
counterparty P 受处罚人（机构）名称|受处罚人（公民）姓名|受处罚人（个人）：姓名|受处罚当事人|被处罚单位|被处罚机构|被处罚机构名称|被处罚当事人(姓名或名称)|被处罚当事人姓名或全称
counterparty P 被行政处罚当事人名称|处罚对象名称|拟被处罚人|拟被处罚机构名称|处罚人姓名|被处罚人姓名或名称|被处罚人或单位|被处罚人或机构|被处罚单位（被处罚人）
counterparty P 被处罚单位或机构|被处罚法人|被处罚主体|被处罚企业名称|被处罚个人姓名|被处罚自然人姓名|被处罚对象名称|被惩戒当事人(姓名/名称)|处罚企业名称|处罚主体名称
counterparty P 处罚承受者名称（个人或单位等）|受罚单位名称|受罚人名称|违规主体名称
counterparty L 许可主体|许可法人|申请人|申请单位|持证人|持证单位
counterparty_type LP 行政相对人类别|当事人类型|主体类型|主体类别|相对人类型
counterparty_type P 处罚对象类型|被处罚对象类别
counterparty_code LP 统一社会信用代码|行政相对人代码_1(统一社会信用代码)|社会信用代码|行政相对人代码|统一社会信用代码/注册号|注册号/统一社会信用代码|统一信用代码|统一信用代码/注册号
counterparty_code LP 信用代码|信用代码/注册号|信用代码（或注册号）|社会统一信用代码|统一社会信用代码/登记证号|统一社会信用代码/组织机构代码|统一社会信用代码/单位证照号码
counterparty_code LP 统一社会信用代码/工商注册号|统一社会信用代码（纳税人识别号）|纳税人识别号（统一社会信用代码）|纳税人识别号（或统一社会信用代码）|社会信用代码（纳税人识别号）
counterparty_code LP 统一社会信用代码（居民身份证）|统一信用代码(身份证号码)|身份证号/统一信用代码|行政相对人统一社会信用代码|行政相对人统一社会信用代码（纳税人识别号）
counterparty_code LP 行政相对人代码（统一社会信用代码）|行政相对人（当事人）代码|相对人代码|代码|tyshxydm
registration_number LP 行政相对人代码_3(工商登记码)|代码_2(工商注册号)|工商登记码|工商登记号|工商注册号|企业注册号|营业执照注册号|注册号
organisation_code LP 行政相对人代码_2(组织机构代码)|代码_3(组织机构代码)|组织机构代码|机构代码
tax_number LP 行政相对人代码_4(税务登记号)|代码＿4（税务登记码）|代码-3（纳税人识别号）|税务登记号|税务登记码|税务登记证号|行政相对人税务登记号|纳税人识别号
institution_number LP 事业单位证书号|代码_5(事业单位证书号)
social_number LP 社会组织登记证号|代码_6(社会组织登记证号)
person_id LP 行政相对人代码_5(居民身份证号)|代码-4（居民身份证号）|居民身份证号|居民身份证号码|证件号码|证件号|身份证号|当事人证件号|当事人证件号码|受处罚人证件|处罚承受者证件号码
person_id_type LP 证件类型|证件名称|代码类型|当事人证件类型|处罚承受者证件类型（身份证等）
legal_representative LP 法定代表人姓名|法定代表人|法定代表人（负责人）|法定代表人（负责人）姓名|法定代表人（主要负责人）姓名|法定代表人（或单位负责人）|法定代表人、负责人
legal_representative LP 法定代表人或负责人|法定代表人或负责人姓名|法定代表人或主要负责人姓名|主要负责人（法定代表人）姓名|主要负责人|主要负责人姓名|单位负责人|企业负责人
legal_representative LP 负责人|负责人姓名|法人代表|法人代表姓名|法人姓名|业主姓名|经营者|经营者姓名
legal_representative P 受处罚机构负责人
representative_id LP 法定代表人身份证号|法定代表人身份证号码|法定代表人居民身份证号|法定代表人证件号码|法定代表人或者负责人证件号码
representative_id_type LP 法定代表人证件类型
document_number L 行政许可决定书文号|行政许可决定文书号|行政许可决定文书文号|许可决定书文号|许可决定文书号|行政许可决定文号|行政许可文号|许可文书号|许可文号|许可书文号
document_number L 许可文件编号|许可文件号|行政许可文（证）编号|批准文号|批文号|决定书文号|决定文书号|文书号|文号
licence_number L 许可编号|许可证编号|许可证号|许可证书编号|许可（资质）证书编号|许可证(备案)号|证书编号|发证编号|施工许可编号|许可事项编号
document_title L 行政许可决定文书名称|许可文件名称|许可文件中文名称|许可决定文书名称|许可证决定文书名称
case_name L 项目名称|行政许可名称|许可名称|许可项目名称|许可事项名称|行政许可事项名称|许可事项|案件名称
licence_name L 许可证名称|许可证书名称|许可证类型
category L 审批类别|许可类别|许可类型|审批类型|审核类型|种类
content L 许可内容|行政许可内容|许可内容（范围）|许可证内容（范围）|许可（资质）内容|资质许可内容|内容许可|许可范围|许可明细|许可项目|经营范围
decision_date L 许可决定日期|许可生效期|许可日期|作出行政许可的日期|行政许可核发日期|许可批准日期|批准日期|核发日期|发证日期|许可时间|许可证日期|审核日期|决定日期
valid_from L 有效期自|许可有效期自|行政许可有效期自|许可有效时间自|许可有效期限自|有效期起|有效期始|有效期起始日期|许可证有效起始日期
valid_to L 有效期至|许可截止期|许可截止日期|许可截至期|许可有效期至|行政许可有效期至|许可有效时间至|有效期截止日期|有效截止日期|许可证有效截止日期|有效期止|证书有效期
valid_range L 许可有效期|有效期|有效期限|有效期区间
authority L 许可机关|许可决定机关|行政许可核发机关名称|许可发证机关|许可发证部门|许可证发证部门|许可证机关|许可部门|许可机构|许可行政机构|发证机关|审批机关|审批部门
authority L 批准机关|批准机关(全称)|作出许可行为的批准机关名称（全名）|实施机关|决定机关
authority_code L 许可机关统一社会信用代码
status L 当前状态|许可状态|许可证状态|许可证当前状态|行政许可证状态|行政许可状态|证书状态|状态|状态标记
status P 当前状态|处罚状态|状态|状态标记
document_number P 行政处罚决定书文号|处罚决定书文号|处罚文号|行政处罚决定文书号|行政处罚文号|处罚文书号|行政处罚决定文书文号|行政处罚决定文书|行政处罚决定书号
document_number P 行政处罚决定书编号|处罚决定文号|处罚编号|处罚决定文书号|处罚决定文书编号|行政处罚决定文号|行政处罚文书号|行政处罚书文号|处罚书文号|行政处罚文书决定号
document_number P 税务处罚决定书文号|税务行政处罚决定书文号|税务行政处罚决定文书号|税务处罚决定文书文号|税务行政处罚决定书号|税务行政处罚决定文号
document_number P 决定书文号|文书编号|文书字轨|字轨|文书字号|文书号|书文号|文号|编号|执行文号|法律文书种类及编号
case_name P 处罚名称|案件名称|行政处罚事项名称|处罚处理名称|违法行为名称|项目名称
violation_type P 违法行为类型|违法类型|违法违规行为|违法行为|主要违法违规行为
facts P 处罚事由|违法事实|主要违法事实|主要违法违规事实|主要违法违规事实（案由）|主要违法事实（案由）|违法违规情况|违法事实和理由|处罚事由（案由）
facts P 处罚事由（违法事实、案由）|处罚事实|处罚原因|事由|案由
basis P 处罚依据|行政处罚依据|法律依据|执法依据|依据|相关法律依据及税务处理处罚情况|相关法律依据及处理处罚情况
category_and_basis P 行政处罚的种类和依据
content_and_basis P 处罚结果及依据
category P 处罚类别|处罚种类|处罚类别1|处罚类型|处罚类型1/2|行政处罚种类|处罚处理种类|行政处罚类型|处罚决定种类|处罚手段|行政处罚种类及金额
category_2 P 处罚类别2
content P 处罚结果|处罚内容|行政处罚内容|行政处罚决定|处罚决定|行政处罚决定内容|行政处罚结果|处罚处理内容|处罚主要内容|处理结果|处罚措施|处罚情况|处罚明细
content P 处罚结果（应缴罚款金额）|对外公开的行政处罚决定书全文或摘要
fine_yuan P 罚款金额（万元）|罚款金额(元)|罚款金额|罚款|处罚金额|应缴罚款金额
confiscation_yuan P 没收违法所得、没收非法财物的金额（万元）|没收金额|没收金额（元）|没收违法所得金额|没收非法财物金额
revoked_licence P 暂扣或吊销证照名称及编号
decision_date P 处罚决定日期|处罚日期|处罚时间|处罚生效期|处罚决定日期（处罚生效期）|作出行政处罚决定日期|作出行政处罚决定的日期|作出处罚决定的日期|作出行政处罚的日期
decision_date P 作出处罚的日期|做出行政处罚决定日期|做出处罚的日期|处罚决定书签发日期|处罚决定书制作日期|行政处罚决定书下达日期|处罚处理日期|行政处罚作出日期
decision_date P 作出决定日期|文书制作日期|法律文书生成日期|处罚决定时间|决定日期|时间
penalty_valid_to P 处罚截止期|处罚截止日期|处罚截至期|处罚有效期
penalty_range P 处罚期限
publicity_until P 公示截止期|公示截止日期|处罚公示期|公示期限|公示期限年限1或者3
stated_published_on LP 公示日期|公布日期|发布时间|发布日期|发文日期
stated_published_on P 处罚公开日期
authority P 处罚机关|处罚机构|处罚决定机关|作出行政处罚决定机关名称|作出行政处罚的机关名称|处罚机关名称|实际处罚部门|作出行政处罚决定的机关名称|作出行政处罚机关名称
authority P 作出行政处罚决定机关名称（全名）|作出处罚决定的机关名称|作出处罚决定的部门|作出处罚的机关|做出行政处罚决定机关名称|作出处罚决定的海关|作出行政处罚决定的海关名称
authority P 作出处罚决定的海关名称|处罚决定机关名称|处罚部门|处罚单位全称|处罚单位机构|行政执法机关名称|执法部门|执法单位|认定机关|承办机关|办案机关|主管税务机关|决定机关
authority_code P 处罚机关统一社会信用代码
source_unit LP 数据来源单位|来源单位|数据来源
reporting_unit LP 信息提供部门|信息提供部门名称|信息报送机关|报送机关|报送部门|上报部门
region_code LP 地方编码|地方编号|行政区划代码
updated_at LP 数据更新时间戳|数据更新时间|更新时间|状态变更日期
use_scope LP 信息使用范围
remark LP 备注
ordinal LP 序号
revoked_on P 撤销处罚日期
revocation_reason P 撤销处罚的原因说明
changed_on P 处罚变更日期
performance P 行政处罚履行方式|行政处罚的履行方式|行政处罚的履行方式和期限|行政处罚履行方式和期限
remedy LP 救济渠道|救济途径
setting_basis LP 设定依据
"""
CASES = [
    (kind, label, field)
    for line in LABELS.strip().splitlines()
    for field, kinds, labels in [line.split(" ", 2)]
    for kind in ([LICENCE] if kinds == "L" else [PENALTY] if kinds == "P" else [LICENCE, PENALTY])
    for label in labels.split("|")
]


def field_of(label: str, kind: str | None) -> str | None:
    column = match([label], kind)[0]
    return None if column is None else column.field


def fields(labels: list[str], kind: str | None, samples: list[list[str]] | None = None) -> list[str | None]:
    return [None if column is None else column.field for column in match(labels, kind, samples)]


def test_the_list_is_whole() -> None:
    assert len({label for _, label, _ in CASES}) >= 480 and len(CASES) >= 640


@pytest.mark.parametrize(("kind", "label", "field"), CASES)
def test_every_alias(kind: str, label: str, field: str) -> None:
    assert field_of(label, kind) == field


def test_names_that_penalties_and_documents_share() -> None:
    """行政处罚决定文书名称 is a case's name on some portals; as the newer optional column it is the document's title."""
    assert field_of("行政处罚决定文书名称", PENALTY) == "document_title"
    assert field_of("涉案金额", PENALTY) not in ("fine_yuan", "confiscation_yuan")  # not the same


# ---------------------------------------------------------------- normalising (6.1)


@pytest.mark.parametrize(
    ("label", "same"),
    [
        ("处罚\u3000机关\n", "处罚机关"), ("处罚机关：", "处罚机关"), ("* 处罚机关＊", "处罚机关"), ("处罚机关(必填)", "处罚机关"), ("处罚机关（选填）", "处罚机关"),
        ("罚款金额（万元）", "罚款金额"), ("处罚依据(限制500字)", "处罚依据"), ("3、处罚机关", "处罚机关"), ("（二）处罚机关", "处罚机关"),
        ("许可机关 Permission Authority", "许可机关"), ("处罚截止日期 Penalty deadline", "处罚截止日期"), ("处罚是由", "处罚事由"), ("处罚问号", "处罚文号"),
        ("许可截至期", "许可截止期"), ("处罚截至期", "处罚截止期"), ("做出处罚的机关", "作出处罚的机关"), ("社会统一信用代码", "统一社会信用代码"),
        ("统一社会信用码", "统一社会信用代码"), ("政处罚决定书文号", "行政处罚决定书文号"), ("数据时间更新戳", "数据更新时间戳"), ("组织机构信用代码", "组织机构代码"),
        ("主要违法犯罪事实", "主要违法违规事实"),
    ],
)  # fmt: skip
def test_headers_are_normalised(label: str, same: str) -> None:
    assert normalise(label)[0] == same


@pytest.mark.parametrize(
    "spelling",
    ["代码_1(统一社会信用代码)", "代码_1 (统一社会信用代码)", "代码-1（统一社会信用代码）", "代码＿1（统一社会信用代码）", "代码——1（统一社会信用代码）",
     "代码/1（统一社会信用代码）", "代码1（统一社会信用代码）", "行政相对人代码_1", "行政相对人代码－1"],
)  # fmt: skip
def test_the_code_family_is_folded(spelling: str) -> None:
    assert field_of(spelling, PENALTY) == "counterparty_code"


@pytest.mark.parametrize("digit", "123456")
def test_the_bracket_decides_and_never_the_digit(digit: str) -> None:
    words = {
        "组织机构代码": "organisation_code",
        "工商注册号": "registration_number",
        "居民身份证号": "person_id",
        "事业单位证书号": "institution_number",
    }
    for text, field in words.items():
        assert field_of(f"行政相对人代码_{digit}({text})", LICENCE) == field


# ---------------------------------------------------------------- ambiguous headers (6.3): one test each

AGENCIES = ["示例市市场监督管理局", "示例市生态环境局", "示例市市场监督管理局", "示例市生态环境局"]
PARTIES = ["示例甲公司", "示例乙厂", "示例丙店", "示例丁公司"]


def rows(*columns: list[str]) -> list[list[str]]:
    return [list(row) for row in zip(*columns, strict=True)]


def test_organisation_or_its_representative() -> None:
    persons = ["张三", "李四", "王五", "赵六"]
    assert fields(["文号", "法人名称"], PENALTY, rows(AGENCIES, PARTIES))[1] == "counterparty"
    assert fields(["文号", "法人名称"], PENALTY, rows(AGENCIES, persons))[1] == "legal_representative"
    assert fields(["行政相对人名称", "法人名称"], PENALTY, rows(PARTIES, PARTIES))[1] == "legal_representative"


@pytest.mark.parametrize("label", ["单位名称", "处罚单位"])
def test_punished_unit_or_agency(label: str) -> None:
    assert fields([label], PENALTY, rows(AGENCIES)) == ["authority"]
    assert fields([label], PENALTY, rows(PARTIES)) == ["counterparty"]
    offices = ["示例市甲局", "示例市乙局", "示例市丙委", "示例市丁厅"]  # each another one: agencies that were punished
    assert fields([label], PENALTY, rows(offices)) == ["counterparty"]
    assert fields(["被处罚人", "处罚单位"], PENALTY, rows(PARTIES, AGENCIES)) == ["counterparty", "authority"]


def test_name_of_party_project_or_case() -> None:
    assert fields(["名称", "处罚机关"], PENALTY) == ["counterparty", "authority"]
    assert fields(["当事人", "名称"], PENALTY) == ["counterparty", "case_name"]
    assert fields(["项目名称"], LICENCE) == ["case_name"] and fields(["项目名称"], PENALTY) == ["case_name"]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-01-01至2027-01-01", datetime.date(2026, 1, 1), datetime.date(2027, 1, 1)), ("2027年1月1日", None, datetime.date(2027, 1, 1)),
        ("5年", None, None), ("长期", None, datetime.date(2099, 12, 31)),
    ],
)  # fmt: skip
def test_a_term_is_an_end_a_range_or_a_text(text: str, start: datetime.date | None, end: datetime.date | None) -> None:
    for label in ("许可有效期", "有效期"):
        assert fields([label], LICENCE) == ["valid_range"]
    made = record.make(LICENCE, {"valid_range": text}, profile="portal", today=TODAY, key=b"k")
    assert (made["valid_from"], made["valid_to"]) == (start, end)
    assert fields(["处罚期限"], PENALTY) == ["penalty_range"]


def test_effective_date_or_decision_date() -> None:
    assert fields(["处罚生效期"], PENALTY) == ["decision_date"] and fields(["许可生效期"], LICENCE) == ["decision_date"]
    assert fields(["处罚决定日期", "处罚生效期"], PENALTY) == ["decision_date", "effective_date"]
    assert fields(["许可决定日期", "许可生效期"], LICENCE) == ["decision_date", "valid_from"]


def test_end_of_the_penalty_or_of_its_publication() -> None:
    assert fields(["处罚截止期", "公示截止期"], PENALTY) == ["penalty_valid_to", "publicity_until"]
    assert fields(["处罚有效期", "处罚截止期"], PENALTY) == ["penalty_valid_to", "publicity_until"]
    assert fields(["处罚有效期", "处罚截止期", "公示截止期"], PENALTY) == ["penalty_valid_to", None, "publicity_until"]


def test_content_or_facts() -> None:
    fined, acts = ["罚款5000元", "警告", "罚款2000元", "警告"], ["未公示价格", "无证经营", "超标排放", "未公示价格"]
    assert fields(["处罚内容"], PENALTY) == ["content"]
    assert fields(["处罚结果", "处罚内容"], PENALTY, rows(fined, acts)) == ["content", "facts"]
    assert fields(["处罚结果", "处罚内容"], PENALTY, rows(fined, fined)) == ["content", None]
    assert fields(["违法违规行为"], PENALTY, rows(acts)) == ["violation_type"]
    assert fields(["违法行为类型", "违法违规行为"], PENALTY, rows(acts, acts)) == ["violation_type", "facts"]
    assert fields(["违法行为类型", "违法违规行为"], PENALTY, rows(acts, fined)) == ["violation_type", "content"]


def test_published_on_is_not_the_effective_date() -> None:
    assert fields(["处罚生效期", "公示日期"], PENALTY) == ["decision_date", "stated_published_on"]


def test_source_unit_or_site() -> None:
    assert fields(["数据来源"], PENALTY, rows(AGENCIES)) == ["source_unit"]
    assert fields(["数据来源"], PENALTY, rows(["信用中国（示例）", "信用中国", "http://x.cn", "示例网"])) == [None]


def test_decision_number_or_licence_number() -> None:
    decided = ["示罚〔2026〕1号", "示罚〔2026〕2号", "示罚〔2026〕3号", "示罚〔2026〕4号"]
    papers = ["JY11406020001234", "JY11406020001235", "JY11406020001236", "JY11406020001237"]
    assert fields(["编号"], LICENCE, rows(decided)) == ["document_number"]
    assert fields(["编号"], LICENCE, rows(papers)) == ["licence_number"]
    assert fields(["编号"], LICENCE, rows(["1", "2", "3", "4"])) == ["ordinal"]
    assert fields(["许可决定书文号", "编号"], LICENCE, rows(decided, papers)) == ["document_number", "licence_number"]
    assert fields(["许可决定书文号", "文号"], LICENCE, rows(decided, papers)) == ["document_number", "licence_number"]


@pytest.mark.parametrize(
    ("code", "field"),
    [("91330000755918469E", "counterparty_code"), ("310230001716146", "registration_number"), ("75591846-9", "organisation_code")],
)  # fmt: skip
def test_a_joined_header_is_sorted_by_its_value(code: str, field: str) -> None:
    """统一社会信用代码/注册号 may hold any of them; a file that follows no edition is read so too."""
    for profile in ("portal", "submission"):
        made = record.make(
            PENALTY, {"counterparty": "示例甲公司", "counterparty_code": code}, profile=profile, today=TODAY, key=b"k"
        )
        assert (made["counterparty_code"] is not None) == (field == "counterparty_code")
        assert not {"U1", "U2"} & {defect["rule"] for defect in made["defects"]}


# ---------------------------------------------------------------- keys of interfaces (6.4)

KEYS = {
    "国家企业信用信息公示系统，许可": (LICENCE, "licNo licence_number|licName_CN licence_name|valFrom valid_from|valTo valid_to|licAnth authority|licItem case_name"),
    "国家企业信用信息公示系统，处罚": (PENALTY, "penDecNo document_number|illegActType violation_type|penContent content|penAuth_CN authority|penDecIssDate decision_date|publicDate stated_published_on"),
    "信用中国旧版，许可": (LICENCE, "xkXdr counterparty|xkXdrShxym counterparty_code|xkWsh document_number|xkXmmc case_name|xkSplb category|xkFr legal_representative|xkNr content|xkJdrq decision_date|xkJzq valid_to|xkDfbm region_code|xkXzjg authority|xkSjc updated_at"),
    "信用中国旧版，许可二": (LICENCE, "xkYxq valid_to"),
    "信用中国旧版，处罚": (PENALTY, "cfXdrMc counterparty|cfXdrShxym counterparty_code|cfWsh document_number|cfCfmc case_name|cfFr legal_representative|cfCflb1 category|cfJg content|cfSy facts|cfYj basis|cfXzjg authority|cfJdrq decision_date|cfQx publicity_until|cfSjc updated_at"),
    "信用陕西": (PENALTY, "xy010101 counterparty|xy010105 legal_representative|xy010133 counterparty_code|xy020101 authority|xy020102 document_number|xy020103 category|xy020104 facts|xy020106 basis|xy020107 decision_date|xy020109 violation_type|xy020116 fine_yuan|xy020130 content|xy020133 publicity_until|xy020134 authority_code|xy020135 source_unit|xy020136 source_unit_code"),
    "宁波元数据": (PENALTY, "PUNISH_DOCUMENT_CODE document_number|PUNISH_ACTION_NAME case_name|ILLEGAL_FACT facts|ILLEGAL_BASIS violated_basis|PUNISH_TYPE category|PUNISH_CONTENT content|PUNISH_BASIS basis|FINE fine_yuan|CONFISCATE_ILLEGAL_INCOM confiscation_yuan|CONFISCATE_ILLEGAL_ASSET confiscated_assets_yuan|SET_TIME decision_date|PUBLIC_DATE stated_published_on|PUBLIC_END_DATE publicity_until|PUBLICSTATUS status|ISCANCELCASE is_revoked|CUTREASON revocation_reason|CASE_PROCESS_TYPE procedure|ADMIN_CP_TYPE counterparty_type|ADMIN_CP_NAME counterparty|ADMIN_CP_CERT_TYPE person_id_type|ADMIN_CP_CERT_CODE person_id|LEGAL_REPRESENTATIVE legal_representative"),
    "BBD 合并表": (PENALTY, "cf_cflb1 category|cf_cflb2 category_2|cf_cfmc case_name|cf_fr legal_representative|cf_fr_zjlx representative_id_type|cf_fr_zjhm representative_id|cf_gsjzq publicity_until|cf_jdrq decision_date|cf_nr content|cf_nr_fk fine_yuan|cf_nr_wfff confiscation_yuan|cf_nr_zkdx revoked_licence|cf_sjlydm source_unit_code|cf_sy facts|cf_wfxw violation_type|cf_wsh document_number|cf_xdr_mc counterparty|cf_xdr_lb counterparty_type|cf_xdr_shxym counterparty_code|cf_xdr_gszc registration_number|cf_xdr_zzjg organisation_code|cf_xdr_swdj tax_number|cf_xdr_sydw institution_number|cf_xdr_shzz social_number|cf_xdr_zjlx person_id_type|cf_xdr_zjhm person_id|cf_xzbm item_code|cf_xzjg authority|cf_yj basis|cf_zt status"),
    "BBD 合并表，二": (PENALTY, "cf_jg content|cf_qx publicity_until|cf_xdr_zdm organisation_code|cf_xdr_gsdj registration_number|cf_xdr_sfz person_id"),
    "真实代码": (PENALTY, "CF_NR_ZKDX revoked_licence|CF_SJLY source_unit|CF_SJLYDM source_unit_code|CF_FDDB legal_representative|CF_XKJG authority|CF_SXQ effective_date|CF_SYFW use_scope|CF_SXYZCD severity|CF_BM item_code|CF_YXQ penalty_valid_to"),
    "许可的代码": (LICENCE, "XK_LYDW source_unit|XK_LYDWDM source_unit_code|XK_FDDB legal_representative|XK_YXQZ valid_from|XK_YXQZI valid_to|XK_BM item_code|XK_SYFW use_scope|BZ remark|DFBM region_code|SJC updated_at"),
}  # fmt: skip
SPELLINGS = {
    "as met": str, "lower": str.lower, "upper": str.upper, "no underscores": lambda code: code.replace("_", ""),
}  # fmt: skip


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("system", KEYS)
def test_every_interface_key(system: str, spell: str) -> None:
    kind, pairs = KEYS[system]
    keys, wanted = zip(*(pair.split(" ") for pair in pairs.split("|")), strict=True)
    spelled = [SPELLINGS[spell](key) for key in keys]
    assert fields(spelled, kind) == list(wanted)
    if len(keys) > 3:
        assert kind_of(spelled) == kind


@pytest.mark.parametrize("code", ["CF_NR_DXZZ", "CF_LYDX"])
def test_codes_that_do_not_exist_in_the_wild_are_not_known(code: str) -> None:
    assert field_of(code, PENALTY) is None
