"""The words of the tales: who and what can fill a slot, with every form, in English and Chinese.

Convention: a key is unique across all pools. A Chinese form of several words has spaces between its words; they are
taken out when it is said. In Chinese a thing carries its measure word, as an English name carries he or she.
"""

Forms = dict[str, str]

LEXICON: dict[str, dict[str, Forms]] = {"en": {}, "zh": {}}


def _add(key: str, english: Forms, chinese: Forms) -> str:
    if key in LEXICON["en"]:
        raise ValueError(f"a key must be unique across pools, {key!r} is there already")
    LEXICON["en"][key], LEXICON["zh"][key] = english, chinese
    return key


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" or word == "honest" else f"a {word}"


def _someone(key: str, chinese: str, is_female: bool) -> str:
    he, him, his = ("she", "her", "her") if is_female else ("he", "him", "his")
    ta = "她" if is_female else "他"
    english = {"": key, "he": he, "He": he.capitalize(), "him": him, "his": his, "His": his.capitalize()}
    return _add(key, english, {"": chinese, "he": ta, "his": f"{ta}的"})


def _pool(pairs: dict[str, str]) -> tuple[str, ...]:
    return tuple(_add(en, {"": en, "a": _article(en)}, {"": zh}) for en, zh in pairs.items())


def _thing(key: str, verb: str, chinese: str, measure: str, chinese_verb: str) -> str:
    english = {"": key, "did": verb}
    forms = {"": chinese, "one": f"一{measure}", "that": f"那{measure}", "verb": chinese_verb}
    return _add(key, english, forms)


GIRLS = {"Anna": "安娜", "Ida": "艾达", "Mia": "米娅", "Nora": "诺拉", "Ruby": "露比", "Lily": "莉莉",
         "Ella": "艾拉", "Zoe": "佐伊"}  # fmt: skip
BOYS = {"Leo": "里奥", "Max": "马克斯", "Tom": "汤姆", "Jack": "杰克", "Oscar": "奥斯卡", "Finn": "芬恩",
        "Hugo": "雨果", "Sam": "山姆"}  # fmt: skip
NAMES = tuple(_someone(en, zh, True) for en, zh in GIRLS.items()) + tuple(
    _someone(en, zh, False) for en, zh in BOYS.items()
)
GIVERS = tuple(
    _someone(en, zh, is_female)
    for en, zh, is_female in [
        ("grandmother", "奶奶", True), ("grandfather", "爷爷", False), ("aunt", "姑姑", True),
        ("uncle", "叔叔", False), ("mother", "妈妈", True), ("father", "爸爸", False),
        ("sister", "姐姐", True), ("brother", "哥哥", False),
    ]
)  # fmt: skip
KINDS = _pool({
    "fox": "小狐狸", "mouse": "小老鼠", "rabbit": "小兔子", "hedgehog": "小刺猬", "bear": "小熊", "beaver": "小河狸",
    "owl": "小猫头鹰", "duck": "小鸭子", "cat": "小猫", "squirrel": "小松鼠", "goat": "小山羊", "otter": "小水獭",
})  # fmt: skip
THIEVES = _pool({"magpie": "喜鹊", "crow": "乌鸦", "monkey": "猴子", "raccoon": "浣熊"})
TRAITS = _pool({
    "kind": "善良", "gentle": "温柔", "brave": "勇敢", "honest": "诚实", "cheerful": "快活", "shy": "害羞",
    "impatient": "急躁", "proud": "骄傲",
})  # fmt: skip
COLOURS = _pool({
    "red": "红色", "blue": "蓝色", "green": "绿色", "yellow": "黄色", "white": "白色", "orange": "橙色",
    "silver": "银色", "purple": "紫色",
})  # fmt: skip
HOMES = _pool({
    "lake": "湖泊", "mill": "磨坊", "well": "水井", "bridge": "石桥", "castle": "城堡", "pond": "池塘",
    "lighthouse": "灯塔", "waterfall": "瀑布",
})  # fmt: skip
SPOTS = _pool({
    "barn": "谷仓", "cave": "山洞", "haystack": "草堆", "cellar": "地窖", "tower": "塔楼", "stable": "马厩",
    "greenhouse": "温室", "bakery": "面包房",
})  # fmt: skip
WEATHERS = _pool({"sunny": "晴朗", "windy": "刮风", "foggy": "起雾", "rainy": "下雨", "cold": "寒冷"})
PLACES = _pool({
    "forest": "森林", "river": "河边", "meadow": "草地", "beach": "海滩", "valley": "山谷", "mountain": "高山",
})  # fmt: skip
# What can be gathered, and where.
PLACE_OF = {
    "mushrooms": "forest", "nuts": "forest", "pebbles": "river", "reeds": "river", "flowers": "meadow",
    "strawberries": "meadow", "shells": "beach", "starfish": "beach", "apples": "valley", "pears": "valley",
    "herbs": "mountain", "crystals": "mountain",
}  # fmt: skip
GOALS = _pool({
    "mushrooms": "蘑菇", "nuts": "坚果", "pebbles": "鹅卵石", "reeds": "芦苇", "flowers": "野花",
    "strawberries": "草莓", "shells": "贝壳", "starfish": "海星", "apples": "苹果", "pears": "梨子", "herbs": "草药",
    "crystals": "水晶",
})  # fmt: skip
for _goal, _place in PLACE_OF.items():
    for _forms in LEXICON.values():
        _forms[_goal]["place"] = _forms[_place][""]
LEXICON["en"] |= {g: {**LEXICON["en"][g], "Cap": g.capitalize()} for g in GOALS}
LEXICON["zh"] |= {g: {**LEXICON["zh"][g], "Cap": LEXICON["zh"][g][""]} for g in GOALS}
THINGS = tuple(
    _thing(*entry)
    for entry in [
        ("drum", "beat", "小鼓", "面", "敲"), ("kite", "flew", "风筝", "只", "放"),
        ("lantern", "lit", "灯笼", "盏", "点"), ("flute", "played", "笛子", "支", "吹"),
        ("boat", "sailed", "小船", "艘", "玩"), ("hat", "wore", "帽子", "顶", "戴"),
        ("scarf", "wore", "围巾", "条", "围"), ("bell", "rang", "铃铛", "个", "摇"),
        ("umbrella", "opened", "雨伞", "把", "撑"), ("ball", "kicked", "皮球", "个", "踢"),
    ]
)  # fmt: skip

# Which pool each slot is filled from. `helper` is a second name for the friend or the stranger.
POOLS: dict[str, tuple[str, ...]] = {
    "hero": NAMES, "friend": NAMES, "stranger": NAMES, "helper": NAMES,
    "kind": KINDS, "friend_kind": KINDS, "stranger_kind": KINDS,
    "trait": TRAITS, "home": HOMES, "giver": GIVERS, "colour": COLOURS, "thing": THINGS,
    "weather": WEATHERS, "place": PLACES, "goal": GOALS,
    "thief": THIEVES, "spot": SPOTS, "wrong_spot": SPOTS,
}  # fmt: skip
