"""Records in free text: the decision itself, as the authority wrote it.

Read what stands in fixed places: the number under the title (or in it), the party after 当事人 or 被处罚人 or as the one
addressed, the decision date in the last lines after the authority's name. What is not there stays empty; nothing is
guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Seen
from standard import values
from standard.fields import FIELDS

_YEAR = r"[〔\[［﹝【（({]\s*(?:19|20)\s?\d\s?\d\s*年?\s*[〕\]］﹞】）)}]"
_NUMBER = re.compile(
    rf"(?:[（(]?[\u4e00-\u9fa5]{{1,8}}[）)]?)?[\u4e00-\u9fa5（）()·]{{0,16}}?{_YEAR}\s*[\u4e00-\u9fa5]{{0,10}}[-—]?第?\s*[A-Za-z\d][\dA-Za-z\-—]{{0,20}}\s*号"
    rf"|{_YEAR}[\u4e00-\u9fa5]{{2,16}}第?\s*\d{{1,8}}\s*号"
)
_CODE_BEFORE = re.compile(  # an area's digits in a number: 示0923环罚决字〔2026〕7号, 示环罚460200〔2026〕6号
    r"(?:[\u4e00-\u9fa5]{1,3}\d{2,6}|[\u4e00-\u9fa5（）()]{2,20}\d{6})$"
)
_NOT_CODE = re.compile(r"[年月日时分元号第条款项]")
_BARE_NUMBER = re.compile(
    r"^[\u4e00-\u9fa5（）()]{0,12}(?:19|20)\d\d年?[\u4e00-\u9fa5]{0,12}第?[A-Za-z\d\-]{1,12}号$"
)  # no brackets
_UNENDED = re.compile(  # 示林罚决字〔2026〕第045, alone in its line
    rf"[\u4e00-\u9fa5（）()·]{{2,20}}{_YEAR}[-—]?第?[\d\-—]{{1,16}}"
)
_LABEL = re.compile(r"^.*(?:文书号|文书编号|文号|编号|字号|案号|决定书|有限公司)[：:]?(?=[^〕\]）】]*[〔\[（【﹝({])")
_EARLIER = re.compile(
    r"告|听|催|复议|复字|立案|送达|现记|现决|复查|询通|移送"
)  # numbers of other papers of the same case
_SERIAL = re.compile(
    r"(?:公[开示]表|公告|通报|名单|目录|清单|简报|信息|专栏|文件)[〔\[（【﹝({]"
)  # numbers of what the page is
_INSIDE = re.compile(
    rf"(?:决定书?|批复|许可证?|处罚)》?[（(【\[，,](?:文号|文书号|案号|编号)?[为：:]?((?:{_NUMBER.pattern}))[）)】\]，,。；]"
)
_LABELLED = re.compile(
    r"^(?:(?:行政)?(?:处罚|许可)?(?:决定书?)?(?:文书?)?(?:文号|编号|字号|案号))[：:]([^\s，。；]{4,40})$"
)
_ORDER = re.compile(r"责改|责令|函|检|询|限改")  # such too, unless they speak of a penalty
_PUNISHES = re.compile(r"罚|处字|处决|许|准")
_NEXT_LABEL = re.compile(
    r"\s*[（(，,；;、]?\s*(?:法定代表人|法人代表|法定代表|法人|负责人|经营者|投资人|地\s*址|住\s*所|住\s*址|注册地|经营场所|统一社会|社会信用|信用代码|"
    r"组织机构|营业执照|注册号|纳税人|机动车|驾驶证|档案编号|主体资格|证照|身份证|性\s*别|年\s*龄|出生|民\s*族|联系|电\s*话|类\s*型|职\s*务|工商|邮\s*编|证件|字号名称)"
)
_PARTY = re.compile(
    r"(?:被处罚(?:人|单位|者|当事人|企业)|受罚(?:人|单位|企业|者)|当\s*事\s*人|违法(?:行为)?(?:人|单位|主体)|受处罚(?:人|单位)|字号(?=名称)|申\s*请\s*(?:人|单位)|"
    r"被许可(?:人|单位)|许可申请人|行政相对人|建设单位|企业(?=名称)|单位(?=名称))"
    r"(?:基本(?:情况|信息))?(?:[（(][^）)\n签章]{0,12}[）)])?[^\S\n]*(?:名\s*称|姓\s*名|情况)?(?:[（(][^）)\n]{0,12}[）)])?\s*[：:]\s*([^\n，,。；;]{2,60})"
)
_NAMED = re.compile(  # the party without a colon: 违法行为人张某，男，… | 被处罚人姓名 张某 性别 男 | 当事人（供应商） 某公司
    r"^(?:违法行为人|违法嫌疑人|被处罚人|被处罚单位|当事人)(?:姓名|名称)?(?:"
    r"\s*([\u4e00-\u9fa5·*＊某xX×（）()]{2,40}?)\s*(?:[（(](?:男|女|身份|统一)|[，,]\s*(?:男|女|统一|法定|身份|地址|住所|出生|现住)|\s性别)"
    r"|(?:[（(][\u4e00-\u9fa5]{2,8}[）)]|\s)\s*([\u4e00-\u9fa5·（）()]{2,36}(?:公司|厂|店|社|中心|行|部|超市))$)"
)
_OWN_NAME = re.compile(
    r"^[（(]?(?:姓\s*名|名\s*称|单位名称|企业名称|公司名称|姓名[（(/或]*名称[）)]?|名称[（(/或]*姓名[）)]?)[）)]?[：:]\s*([^\n，,。；;]{2,60})"
)
_REPRESENTATIVE = re.compile(
    r"(?:法定代表人|法人代表|法定代表|负责人|经营者)(?:[（(或、][^）)：:\n]{0,12}[）)]?)?(?:姓名)?\s*[：:]\s*([\u4e00-\u9fa5·*＊某xX×]{2,14})"
)
_ADDRESSEE = re.compile(
    r"^([\u4e00-\u9fa5（）()·\w]{2,60})[：:](?=$|统一社会|社会信用|地址|住所|住址|法定代表|营业执照|组织机构|"
    r"身份证|我局|本机关|你|公民|性别|工商|注册号|负责人|经营者|[（(](?:法定代表|统一社会|纳税人|地址|身份证|负责人|经营者))"
)
_ADDRESSED_AT_ONCE = re.compile(  # below a heading the decision may go on in the same line: 某公司：2026年5月3日，…
    r"^([\u4e00-\u9fa5（）()·、\w]{2,60})[：:](?=经|(?:19|20)\d\d年|根据|依据|因|关于|现)"
)
_UNADDRESSED = re.compile(  # right below the number, without a colon: 某公司 | 某公司，法定代表人… | 某公司统一社会信用代码… | 张某，男，…
    r"^([\u4e00-\u9fa5（）()·＊*]{1,39}?[\u4e00-\u9fa5）)＊*])"
    r"(?:$|(?=[（(，,；;]?(?:法定代表|统一社会|社会信用|负责人|经营者|住所|住址|地址|身份证)|[，,](?:男|女)[，,]))"
)
_FILE = re.compile(r"\.(?:docx?|wps|pdf|xlsx?|et|zip|rar)\b", re.I)
_BRACKETED_DATA = re.compile(
    r"[（(][^（）()]{0,6}(?:法定代表|法人代表|负责人|经营者|统一社会|信用代码|地址|住所|身份证|以下简称|"
    r"下称|名称及|名单|见附|详见).*$"
)
_HEADING_WORDS = re.compile(
    r"如下|决定|事实|依据|证据|处罚|行为|规定|名称|姓名|地址|代码|抄送|附件|各有关|各单位|查明|认为|我关|"
    r"我局|本局|本机关|情况|电话|时间|机关|日期|内容|事由|文号"
)
_AGENCY_END = (
    r"(?:局|委员会|委|厅|人民政府|政府|大队|支队|总队|中队|中心|办公室|管理处|管理所|监督所|派出所|管理站|监察站|监督站|分局|办事处|海关|事务所|"
    r"税务所|财政所|执法队|交警队|海事处|管委会|中国人民银行[\u4e00-\u9fa5]{0,12}?(?:分行|支行)|院)"
)
_FIRMS = "公司|厂|店|社|部|站|场|中心|学校|小学|中学|幼儿园|医院|行|馆|所|院|户|网吧|网咖|超市|铺|药房|门市|酒家"
_TITLE_PARTY = (
    re.compile(r"决定书?\s*[（(]([^（）()〔\[\d]{2,40}(?:[（(][^（）()]{1,12}[）)])?[^（）()〔\[\d]{0,20})[）)]"),
    re.compile(
        rf"^([^〔\[（(\d]{{2,40}}?(?:{_FIRMS}))(?:的|违反|违法|擅自|未|涉嫌|销售|经营|生产|使用|接纳|允许|越界|侵权|(?:安全|消防)?隐患|进行|环境违法|"
        r"非法|无证|无照|虚假|发布|提供|超|作出|(?:的?行政)?处罚)"
    ),
    re.compile(r"^([^〔\[（(\d]{2,40}?)\s*[-—]{1,2}\s*(?:违反|违法|其他违法|未|逾期|发票)"),
    re.compile(rf"(?:号|决定书?|】)[\s（(:：—-]*([\u4e00-\u9fa5（）()·]{{2,40}}?(?:{_FIRMS}))[）)]?$"),
    re.compile(rf"^([\u4e00-\u9fa5（）()·]{{2,40}}?(?:{_FIRMS}))\s*[（(][^（）()]{{2,16}}{_YEAR}"),
    re.compile(r"^([\u4e00-\u9fa5]{1,2}[某*＊×xX]{1,3}[\u4e00-\u9fa5]?)行政处罚决定书"),
    re.compile(r"^([\u4e00-\u9fa5]{1,2}(?:某{1,2}|[*＊×xX]{1,3}))(?!公司|厂|店|某)[^，。]{2,30}案"),
)
_TITLE_LEAD = re.compile(rf"^(?:[\u4e00-\u9fa5（）]{{2,26}}?{_AGENCY_END})?(?:关于|对)+|^(?:当事人|被处罚人)[：:]?")
_CHECKED = re.compile(  # 执法人员对某公司进行监督检查
    r"对([\u4e00-\u9fa5（）()]{2,36}?(?:公司|厂|店|合作社|中心|学校|医院|超市|酒店|商行|经营部|加油站))(?:[（(][^）)]{1,30}[）)])?进行[^。，；]{0,12}?(?:检查|调查|抽查|巡查)"
)
_HEADS_PARTY = re.compile(
    r"号$|^(?:[一二三四五六七八九十]、)?(?:当事人|被处罚人|被处罚单位)(?:的)?(?:基本)?(?:情况|信息)[：:]?$"
)
_FIRM = re.compile(r"(?:公司|厂|店|社|场|中心|学校|医院|行|馆|所|院|户|站|部|坊|吧)$")
_OFFICE = re.compile(r"(?:局|委|厅|队|政府|监督所|派出所|管理所|税务所|财政所|管理站|监察站|监督站|办公室|办事处)$")
_OF_PAPER = re.compile(  # what stands in brackets behind 决定书 and tells of the paper, not of the party
    r"^(?:单位|个人|法人|自然人|个体工商户|企业|公民|(?:简易|普通|一般)(?:程序)?|当场(?:处罚)?|(?:网上|对外)?公[示开](?:版|稿)?|摘要|节选|全文|表格式?|正本|副本|样本|扫描件|电子版|试行|附件|存档|脱敏版?)$"
)
_NO_NAME = re.compile(r"字第?|号$|第.{1,6}[批期次]|\d")
_NOTICE = re.compile(  # 某局于某日对某公司作出行政处罚决定
    r"(?:^|[，。；\n])(?:([\u4e00-\u9fa5（）]{3,26}?(?:局|委员会|厅|政府|大队|支队|总队|办事处|海关|队))|我局|本局|本机关)?[，,]?"
    r"(?:于|在)?((?:19|20)\d\d年\d{1,2}月\d{1,2}日)[^。\n对]{0,12}?对(?!你|其|该|当事人)([\u4e00-\u9fa5（）()·*]{2,40}?)"
    r"(?:(?:的|涉嫌|违反|违法|未|擅自)[^。；\n]{0,60}?)?(?:依法)?(?:作出|做出|下达|给予|予以|实施)(?:了)?[^。；\n]{0,12}?(?:处罚|许可)"
)
_RUN_ON = 150  # characters in one line: a text that lost its breaks
_ANCHORS = re.compile(
    r"(?<=[。；;\s）)号])\s*(?=(?:当事人|被处罚(?:人|单位|当事人)|申请人|法定代表人|负责人|经营者|住所|住址|地\s?址|统一社会信用代码|证照|营业执照|"
    r"[（(]?违法事实|[（(]?主要违法|以上事实|上述事实|经查|现查明|如不服|如对本|你[（(]?单位[）)]?如|逾期)[^。；]{0,30}?[：:，,。；]|(?:现?(?:依据|根据)|本机关决定|我局决定|决定(?:给予|对)))"
)
_CODE = re.compile(r"(?:统一社会信用代码|信用代码|社会信用代码)[^\n：:]{0,16}[：:]?\s*([0-9A-Z]{15,20})", re.I)
_DATE = re.compile(
    r"(?:19|20|１９|２０)\s{0,3}\d\s{0,3}\d\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|"
    r"[二一][\s]*[〇○零O0ОoＯ◯九][\s]*[〇○零O0ОoＯ◯一二三四五六七八九][\s]*[〇○零O0ОoＯ◯一二三四五六七八九]\s*年\s*(?:[一二三四五六七八九十元]{1,2}|\d{1,2})\s*月\s*(?:[一二三四五六七八九十]{1,3}|\d{1,2})\s*日|"
    r"(?<!\d)(?:19|20)\d\d\s?[-/.．]\s?\d{1,2}\s?[-/.．]\s?\d{1,2}(?!\d)"
)
_OTHER_DAY_BEFORE = re.compile(r"(?:公示|发布|截止|有效)(?:日期|时间|期)?[：:]?\s*$")
_OTHER_DAY_AFTER = re.compile(r"[起前至到]|公示|发布|\d{1,2}[:：]\d\d|^\s*(?!作出|决定|印|盖|公章|章)[\u4e00-\u9fa5]")
_OTHER_DAYS = re.compile(r"(?:公示|发布|截止|有效)(?:日期|时间|期限?)")  # from one to another
_DATE_LABEL = re.compile(r"(?:处罚决定|许可决定|决定|作出决定|签发)(?:书)?的?(?:签发)?(?:日期|时间)\s*[：:]\s*")
_AFTER_SIGNATURE = re.compile(
    r"抄\s*送|抄\s*报|主\s*送|印\s*发|打\s*印|校\s*对|此件|公开(?:方式|形式)|主动公开|^附件?[：:]|^共\s*\d+\s*页|^第\s*\d+\s*页|"
    r"\.(?:docx?|pdf|xlsx?|jpe?g|png|zip|rar)$|送达|签收|签名|联系|电话|邮编|责任编辑|来源|^扫一扫|^打印|^关闭",
    re.I,
)
_BANK = r"中国人民银行[\u4e00-\u9fa5]{0,14}?(?:分行|支行|营业管理部)"
_AUTHORITY = re.compile(rf"({_BANK}|[\u4e00-\u9fa5（）]{{2,30}}?{_AGENCY_END})(?:[（(][^）)]{{0,10}}[）)])?$")
_HEADING = re.compile(
    rf"^(?:关于)?({_BANK}|[\u4e00-\u9fa5（）]{{2,26}}?{_AGENCY_END})(?=关于|(?:环境|环境保护|税务|安全生产|农业|交通|文化)?行政|责令|当场|案件|文件|准予|简易|双公示|信用|\d|\s|$)"
)
_RESULT_START = re.compile(
    r"(?:决定|作出|给予|处理|处罚|许可|批复|批准|核准|函复|意见)[^\n。]{0,40}(?:如下|以下)[^\n]{0,24}[：:。]?$|(?:决定|处罚)(?:对[^\n。，]{2,40})?[：:]$|(?:处理|处罚)(?:结果|决定|内容)[：:]$"
)
_INLINE = re.compile(
    r"(?:决定|给予|作出)[^\n]{0,40}?(?:如下|以下)[^：:\n]{0,20}[：:]\s*(\S[^\n]{3,1000})|"
    r"(?:处罚|处理|许可)(?:结果|内容)[：:]\s*([^\n；。]{3,400})"
)
_ITEM = re.compile(r"\s*[（(]?[\d一二三四五六七八九十]{1,2}[）)、.．]|\s*[①②③④⑤⑥⑦⑧⑨]|\s*第[一二三四五六]")
_RESULT = re.compile(
    r"((?:决定|给予|予以|处以|处罚款|并处|责令|准予|同意|(?<![判论惩查])处(?=[^，。；\n]{0,30}罚款))[^\n]{0,60}?(?:处罚|罚款|没收|警告|吊销|关闭|停产|"
    r"停业|停止|拆除|改正|许可|批准|建设|备案|实施)[^\n]{0,400})"
)
_NOT_RESULT = re.compile(
    r"拟|告知书|如不服|不服本|逾期|申请(?:行政)?复议|收到(?:本|该|处罚|行政处罚)|到期不|本法|有下列|之日起|账户|帐户|缴入|开户|强制执行"
)
_NEXT_PART = re.compile(
    r"^.{0,4}(?:行政)?(?:处罚)?(?:决定)?的?(?:履行方式|申请(?:行政)?复议|救济|权利告知)|途径和期限|方式和期限"
)
_QUOTED = re.compile(r"“[^”]*”")  # the law's words, not the decision's
_REMEDY = re.compile(r"^(?:如|若|当事人|被处罚人|你)[^\n]{0,20}不服")
_FACTS = re.compile(
    r"^(?:[一二三四][、.])?(?:经查|经调查|现查明|查明|经立案调查|经审查|经核实|经现场)|(?:实施了以下|存在以下|"
    r"有以下)[^\n]{0,12}违法行为|^[^\n]{0,40}执法人员"
)
_AMOUNT = (
    r"(?:人民币|计|金额|共|为|￥|¥|[：:（(\s])*([\d][\d,，.]*\s*万?元|[零壹贰貳叁肆伍陆柒捌玖拾佰仟万萬亿圆元角分整一二三四五六七八九十百千]{2,20}?(?:元|"
    r"圆)(?:整)?)"
)
_FINE = re.compile(
    rf"罚\s*款(?:[^\d。；;，\n]{{0,10}}?|[，,]\s*(?:(?:共|合|总|即)计?|计|金额|折合|人民币)[^\d。；;，\n]{{0,6}}?){_AMOUNT}(?!\s*[/／每])"
)
_FINE_BEFORE = re.compile(
    rf"(?:处(?:以|罚)?|给予|予以|作出)[^\d。；;，\n]{{0,10}}?{_AMOUNT}(?:整)?(?:[（(][^）)]{{1,30}}[）)])?\s*的?\s*罚\s*款"
)
_FINE_TOTAL = re.compile(
    rf"(?:合计|共计|总计|合并|两项|以上各项)[^\n。；;]{{0,16}}?罚\s*款?[^\d。；;\n]{{0,10}}?{_AMOUNT}|(?:合计|"
    rf"共计|总计)[^\d。；;\n]{{0,12}}?{_AMOUNT}"
)
_CONFISCATION = re.compile(rf"没收[^。；;\n]{{0,12}}?违法所得[^\d。；;，\n]{{0,8}}?{_AMOUNT}")
_BASIS = re.compile(r"(?:依据|根据|依照|按照)(《[^\n]{4,200}?)(?:的?规定|之规定|，决定)")
_PENALTY = re.compile(r"处罚|罚款|没收|违法")
_MAX_PARTS = 100
_HEAD_LINES = 30
_OF_PARTY = frozenset(("counterparty", "legal_representative", "counterparty_code"))
_OWN_HEADING = re.compile(r"[\u4e00-\u9fa5（）]{0,30}(?:处罚|许可)决定书(?:[（(][^）)]{1,30}[）)])?")
_LICENCE_HEADING = re.compile(r"许可(?:决定|公示|信息)|批复|准予|核准|审批意见|予以许可")
_BEFORE_SIGNATURE = re.compile(
    rf"(?<=[。；）)])\s*(?=[\u4e00-\u9fa5（）]{{2,30}}?{_AGENCY_END}\s*(?:[（(][^）)]{{0,6}}[）)])?\s*(?:{_DATE.pattern})\s*$)"
)
_LICENCE = re.compile(r"许可|批复|准予|同意|核准|审批")
_IDENTITY_PAPER = re.compile(r"身份证|公民身份号码")
_LOST_BLANKS = re.compile(r"\\?\?+|[\u200b\ufeff]")  # blanks that a wrong conversion turned into question marks


def records(title: str, lines: list[str], kind: str) -> list[Seen]:
    """The decisions of a text: one, or several one below the other, each under a heading of its own."""
    parts = _parts(lines)
    if len(parts) > 1:
        found = [seen for part in parts if (seen := record(title, part, kind)) is not None]
        own = {seen.fields.get("document_number") for seen in found}
        if len(found) == len(parts) and None not in own and len(own) == len(found):
            return found
    one = record(title, lines, kind)
    if one is None:
        return []
    parties = _parties(lines)
    return [one] if len(parties) < 2 else [_for_party(one, name, head) for name, head in parties]


def _parties(lines: list[str]) -> list[tuple[str, str]]:
    """The parties that each have a line of their own under one label near the top, each with what stands about it."""
    found: dict[str, list[str]] = {}
    label = ""
    for line in lines[:_HEAD_LINES]:
        match = _PARTY.match(line)
        name = _cut(match[1]) if match else ""
        stands = "".join(line[: match.start(1)].split()) if match else ""
        if (
            len(name) >= 2
            and (label or stands) == stands
            and not _HEADING_WORDS.search(name)
            and not name[0].isdecimal()
        ):
            label = stands
            found.setdefault(name, []).append(line)
        elif found and len(line) <= _RUN_ON:
            found[next(reversed(found))].append(line)
        elif found:
            break  # the facts begin
    return [(name, "\n".join(head)) for name, head in found.items()]


def _for_party(one: Seen, name: str, head: str) -> Seen:
    """The decision as it stands for one of its parties: what is the party's own is taken from its own lines."""
    fields = {field: text for field, text in one.fields.items() if field not in _OF_PARTY}
    fields["counterparty"] = name
    for field, text in (("legal_representative", _representative(head)), ("counterparty_code", _first(_CODE, head))):
        if text:
            fields[field] = text.strip()
    labels = {field: f"正文（{FIELDS[field].label_for(one.kind)}）" for field in fields}
    return Seen(one.kind, fields, one.form, labels, dict(one.money), dict(one.others), one.confidence)


def _parts(lines: list[str]) -> list[list[str]]:
    """A text cut before each heading 决定书, with the authority's line that stands above it."""
    heads = [number for number, line in enumerate(lines) if _OWN_HEADING.fullmatch("".join(line.split()))]
    if not 1 < len(heads) <= _MAX_PARTS:
        return [lines]
    starts = [max(head - 1, 0) if head and is_authority(lines[head - 1]) else head for head in heads]
    starts[0] = 0
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def record(title: str, lines: list[str], kind: str) -> Seen | None:
    """The one decision of a text; None when it has neither a number nor a party, or decides nothing."""
    lines = [part for line in lines if (clean := _LOST_BLANKS.sub(" ", line).strip()) for part in _unfolded(clean)]
    text = "\n".join(lines)
    if kind not in ("licence", "penalty"):
        kind = _kind(title, lines, text)
    fields: dict[str, str] = {}
    date, authority = _signature(title, lines)
    notice = _NOTICE.search(text)
    if notice:
        date, authority = date or notice[2], authority or notice[1]
    deciding = [line for line in lines if not _REMEDY.match(line)]
    for name, value in (
        ("document_number", _number(title, lines, kind)),
        ("counterparty", _party(title, lines, text) or (notice[3] if notice else None)),
        ("legal_representative", _representative(text)),
        ("counterparty_code", _first(_CODE, text)),
        ("decision_date", date),
        ("authority", authority),
        ("content", _content(deciding)),
        ("facts", next((line for line in lines if len(line) > 12 and _FACTS.search(line)), None)),
        ("remedy", next((line for line in lines if _REMEDY.match(line)), None)),
        ("basis", _first(_BASIS, text)),
        ("case_name", title or None),
    ):
        if value:
            fields[name] = value.strip()
    if kind == "penalty":
        content = fields.get("content", "")
        for name, amount in (("fine_yuan", _fine(content)), ("confiscation_yuan", _first(_CONFISCATION, content))):
            if amount:
                fields[name] = amount
    decides = (_PENALTY if kind == "penalty" else _LICENCE).search(title + text) is not None
    if not decides or not ({"document_number", "counterparty"} & fields.keys()):
        return None
    if not ({"content", "decision_date", "authority"} & fields.keys()):
        return None
    names = ("document_number", "counterparty", "decision_date", "content")
    confidence = round(0.4 + 0.1 * sum(name in fields for name in names), 2)
    money: dict[str, str] = {name: "yuan" for name in ("fine_yuan", "confiscation_yuan") if name in fields}
    labels = {name: f"正文（{FIELDS[name].label_for(kind)}）" for name in fields}
    identity = "；".join(line for line in lines if _IDENTITY_PAPER.search(line))
    others = {"正文（身份证件）": identity} if identity else {}  # whether it tells too much must be seen
    return Seen(kind, fields, "decision_text", labels, money, others, confidence)


def named(title: str, links: list[str], kind: str) -> list[Seen]:
    """The decision a page names without showing it: its number in the title or a link, its party in the title."""
    party = party_of_title(title)
    found = next((match for text in (title, *links) if (match := _NUMBER.search("".join(text.split())))), None)
    if party is None or found is None or not _is_own(found[0], kind) or "决定" not in title:
        return []
    number = _coded(found)
    fields = {"document_number": number, "counterparty": party, "case_name": title}
    authority = authority_of_heading(title)
    if authority is not None:
        fields["authority"] = authority
    kind = kind if kind in ("licence", "penalty") else _kind(title, [], title)
    return [Seen(kind, fields, "attachment", {name: f"标题（{FIELDS[name].label_for(kind)}）" for name in fields})]


def _unfolded(line: str) -> list[str]:
    """A text that lost the breaks of its lines, broken again where its parts begin and before its signature."""
    if len(line) < _RUN_ON:
        return [line]
    line = _BEFORE_SIGNATURE.sub("\n", line)
    if len(_ANCHORS.findall(line)) >= 3:
        line = _ANCHORS.sub("\n", line)
    return [part for part in (part.strip() for part in line.split("\n")) if part]


def _kind(title: str, lines: list[str], text: str) -> str:
    """What a text decides: as its heading says; else by what it speaks of more."""
    for heading in (title, "\n".join(line for line in lines[:8] if len(line) <= 60)):
        penalty, licence = "处罚" in heading, _LICENCE_HEADING.search(heading) is not None
        if penalty != licence:
            return "penalty" if penalty else "licence"
    return "penalty" if len(_PENALTY.findall(text)) >= len(_LICENCE.findall(text)) else "licence"


def is_number(text: str, kind: str) -> bool:
    """Whether a text is a decision's number: nothing before it, nothing behind it, no other paper's."""
    bare = "".join(text.split())
    match = _NUMBER.search(bare) or _BARE_NUMBER.match(bare)
    return match is not None and match.end() == len(bare) and _is_own(bare, kind) and _code_before(match) == 0


def numbers_in(text: str) -> list[str]:
    """The decisions' numbers that stand in a text, each once."""
    return list(dict.fromkeys(_coded(match) for match in _NUMBER.finditer("".join(text.split()))))


def name_alone(text: str) -> str:
    """A name without the data in brackets and behind labels that follow it."""
    return _cut(text)


def signed(text: str) -> tuple[str, str] | None:
    """Authority and day of a text that is nothing else: 示例县某局2026年1月2日."""
    found = list(_DATE.finditer(text))
    if len(found) != 1 or found[0].end() != len(text):
        return None
    name = text[: found[0].start()].rstrip(" \n,，;；、于")
    return (name, found[0][0]) if is_authority(name) else None


def is_authority(text: str) -> bool:
    """Whether a text is the name of an authority and nothing else."""
    bare = "".join(text.split())
    return 4 <= len(bare) <= 34 and _AUTHORITY.fullmatch(bare) is not None


def authority_of_heading(text: str) -> str | None:
    """The authority a heading begins with: 某市某局行政处罚信息公示表."""
    named = _HEADING.match("".join(text.split()))
    return named[1] if named and not named[1].startswith(("关于", "对", "我", "本", "你", "该")) else None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


# ---------------------------------------------------------------- number


def _number(title: str, lines: list[str], kind: str) -> str | None:
    """The number under the heading, in the title, or naming the attached original; those of laws stand in long lines."""
    files = [
        line.rpartition(".")[0]
        for line in lines[12:]
        if len(line) <= 60 and _AFTER_SIGNATURE.search(line) and "." in line
    ]
    for text in (*(line for line in lines[:12] if len(line) <= 60), title, *files):
        for match in _NUMBER.finditer("".join(text.split())):
            if _is_own(match[0], kind):
                return _coded(match)
    for line in lines[:12]:
        whole = "".join(line.split())
        if len(whole) <= 40 and _UNENDED.fullmatch(whole) and _is_own(whole, kind):
            return whole
        bare = whole.rpartition("：")[2]
        if _BARE_NUMBER.match(bare) and _is_own(bare, kind):
            return bare
        labelled = _LABELLED.match(whole)
        if labelled and any(map(str.isdecimal, labelled[1])) and _is_own(labelled[1], kind):
            return labelled[1]
    for line in lines:
        whole = "".join(line.split())
        if (notice := _NOTICE.search(whole)) and (inside := _INSIDE.search(whole, notice.end(3))):
            return inside[1] if _is_own(inside[1], kind) else None
    return None


def _is_own(number: str, kind: str) -> bool:
    if _EARLIER.search(number) or _SERIAL.search(number):
        return False
    if kind == "licence":
        return True  # an approval may well be a 函
    return _ORDER.search(number) is None or _PUNISHES.search(number) is not None


def _code_before(match: re.Match[str]) -> int:
    """Where a number begins that a code of digits precedes; where it begins itself when none does."""
    start = match.start()
    found = _CODE_BEFORE.search(match.string, max(start - 26, 0), start)
    if found is None or _NOT_CODE.match(match[0]):
        return start
    return found.start()


def _coded(match: re.Match[str]) -> str:
    """The number found, with the digits that belong to it, without its label."""
    start = _code_before(match)
    after_day = match.string[start] in "年月日" and match.string[start - 1 : start].isdecimal()
    return _balanced(_LABEL.sub("", match.string[start + after_day : match.end()]))


def _balanced(number: str) -> str:
    """Without a bracket that opened before the number: （示罚〔2026〕1号."""
    opened = number[:1]
    closes = {"（": "）", "(": ")"}.get(opened)
    outer = closes is not None and number.count(opened) > number.count(closes)
    return number[1:].strip() if outer else number.strip()


# ---------------------------------------------------------------- party


def _party(title: str, lines: list[str], text: str) -> str | None:
    for match in _PARTY.finditer(text):
        name = _cut(match[1])
        if len(name) >= 2 and not _HEADING_WORDS.search(name) and not name[0].isdecimal():
            return name
    for line in lines[:20]:
        if (named := _NAMED.match(line)) and not _HEADING_WORDS.search(name := (named[1] or named[2]).strip()):
            return name
    if (addressed := _addressee(lines)) is not None:
        return addressed
    for line in lines[:8]:
        if (named := _OWN_NAME.match("".join(line.split()) if len(line) < 40 else line)) and len(_cut(named[1])) >= 2:
            return _cut(named[1])
    for number, line in enumerate(lines[:10]):  # the label alone on its line, the name below
        if re.fullmatch(
            r"(?:被处罚人|当事人|申请人)(?:基本(?:情况|信息))?[：:]?", "".join(line.split())
        ) and number + 1 < len(lines):
            name = _cut(re.split(r"[，,。；;]", lines[number + 1])[0])
            if 2 <= len(name) <= 40 and "：" not in name and ":" not in name:
                return name
    return party_of_title(title) or _first(_CHECKED, text)


def party_of_title(title: str) -> str | None:
    """The party a title names: 行政处罚决定书（某公司）, 某公司违反…案, 某店-违反税收管理."""
    title = _TITLE_LEAD.sub("", title.strip())
    for pattern in _TITLE_PARTY:
        match = pattern.search(title)
        if match is None or (pattern is not _TITLE_PARTY[0] and _OFFICE.search(match[1])):
            continue  # an office is the party only where the brackets behind 决定书 say so
        if not any(words.search(match[1]) for words in (_HEADING_WORDS, _NO_NAME, _OF_PAPER)):
            return match[1].strip()
    return None


def _cut(text: str) -> str:
    """A name without the labels that follow it on its line."""
    found = _NEXT_LABEL.search(text, 2)
    return _BRACKETED_DATA.sub("", text[: found.start()] if found else text).strip(" 　：:、，,")


def _addressee(lines: list[str]) -> str | None:
    """The party the decision speaks to: a name at the beginning of a line near the top, with a colon."""
    headed = False
    above = ""
    for number, line in enumerate(lines[:10]):
        bare = "".join(line.split())
        found = _ADDRESSEE.match(bare) or (_ADDRESSED_AT_ONCE.match(bare) if headed else None)
        if found is None and _HEADS_PARTY.search(above):
            found = _unaddressed(bare, lines[number + 1] if number + 1 < len(lines) else "")
        headed = headed or "决定书" in bare
        above = bare
        if found is None and bare[-1:] in "：:" and (data := _BRACKETED_DATA.search(bare)):
            found = re.match(r"^([\u4e00-\u9fa5（）()·\w]{2,60})$", bare[: data.start()])
        if found:
            name = _BRACKETED_DATA.sub("", found[1])
            if len(name) >= 2 and not _HEADING_WORDS.search(name) and not _NEXT_LABEL.match(name):
                return name
    return None


def _unaddressed(line: str, below: str) -> re.Match[str] | None:
    """A line right below the number that only names: a firm, or whoever the next line tells more of."""
    found = _UNADDRESSED.match(line)
    if found is None:
        return None
    more = found.end(1) < len(line) or _NEXT_LABEL.match(below) is not None
    return found if more or (_FIRM.search(found[1]) and not is_authority(found[1])) else None


def _representative(text: str) -> str | None:
    match = _REPRESENTATIVE.search(text)
    return _cut(match[1]) if match else None


# ---------------------------------------------------------------- signature


def _signature(title: str, lines: list[str]) -> tuple[str | None, str | None]:
    """Date and authority of the last lines: the date (almost) alone in its line, the name before it or just above."""
    rest = list(lines)
    first = max(len(rest) - 25, 0)
    authority: str | None = None
    date: str | None = None
    for number in range(len(rest) - 1, first - 1, -1):
        line = rest[number]
        found = list(_DATE.finditer(line))
        if not found or _AFTER_SIGNATURE.search(line) or len(line) - len(found[-1][0]) > 32:
            continue
        after = line[found[-1].end() :]
        before = line[: found[-1].start()]
        if len(after) > 12 or _OTHER_DAY_AFTER.search(after) or _OTHER_DAY_BEFORE.search(before):
            continue
        if len(found) > 1 and _OTHER_DAYS.search(before):
            continue
        if not before and number and _OTHER_DAY_BEFORE.search(rest[number - 1]):
            continue
        date = found[-1][0].replace("元月", "一月")
        authority = _named_above(rest, number, before)
        break
    labelled = _DATE_LABEL.search("\n".join(lines))
    if labelled and (match := _DATE.match("\n".join(lines), labelled.end())):
        date = match[0]
    return date, authority or _named_below(rest, first) or _heading(title, lines)


def _named_above(lines: list[str], number: int, before: str) -> str | None:
    for text in (before, *(lines[n] for n in range(number - 1, max(number - 4, -1), -1) if len(lines[n]) <= 40)):
        named = _AUTHORITY.search("".join(text.split()).rstrip("：:").strip("[]【】"))
        if named and "名称" not in named[1]:
            return named[1]
    return None


def _named_below(lines: list[str], first: int) -> str | None:
    """An authority's name alone in one of the last lines, where no date stands; not in the heading."""
    for line in reversed(lines[max(first, 3) :]):
        bare = "".join(line.split())
        if 4 <= len(bare) <= 30 and not _AFTER_SIGNATURE.search(line) and (named := _AUTHORITY.fullmatch(bare)):
            return named[1]
    return None


def _heading(title: str, lines: list[str]) -> str | None:
    told = [named for text in (*lines[:4], title) if (named := authority_of_heading(text)) is not None]
    return next((named for named in told if not named.endswith("人民政府")), told[0] if told else None)


# ---------------------------------------------------------------- what was decided


def _content(lines: list[str]) -> str | None:
    for number, line in enumerate(lines):
        if _NOT_RESULT.search(line[-60:]):
            continue
        if inline := _INLINE.search(line):
            return inline[1] or inline[2]
        if _RESULT_START.search(line):
            rest: list[str] = []
            for following in lines[number + 1 : number + 10]:
                if (rest and not _ITEM.match(following)) or _NEXT_PART.search(following):
                    break
                rest.append(following)
            if rest:
                return "\n".join(rest)[:2000]
    for line in reversed(lines):
        if _FILE.search(line):
            continue  # the name of an attachment
        for sentence in reversed(re.split(r"[。；;]", _QUOTED.sub("", line))):
            if (match := _RESULT.search(sentence)) and not _NOT_RESULT.search(sentence):
                return match[1]
    return None


def _fine(content: str) -> str | None:
    """The fine, when the text tells one sum or a total; of several sums without a total none is guessed."""
    total = _FINE_TOTAL.search(content)
    if total:
        return total[1] or total[2]
    found = dict.fromkeys(_sums(content))
    told: dict[float | None, str] = {}
    for text in found:
        told.setdefault(values.yuan(text, "yuan"), text)
    return next(iter(told.values())) if len(told) == 1 else None


def _sums(content: str) -> Iterator[str]:
    for pattern in (_FINE, _FINE_BEFORE):
        for match in pattern.finditer(content):
            yield match[1]
