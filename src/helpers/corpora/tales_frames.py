"""The sentences of the tales: frame -> paraphrases, in English and Chinese.

Convention: `{slot}` or `{slot.form}` is filled from the lexicon. Chinese words are parted by spaces here, which are
taken out when they are said. Both languages have equally many paraphrases of a frame.
"""

Paraphrases = tuple[tuple[str, ...], tuple[str, ...]]

OPENING: dict[str, Paraphrases] = {
    "open": (
        (
            "Once upon a time there was {trait.a} {kind} named {hero}.",
            "This is the story of {hero}, {trait.a} little {kind}.",
            "Far behind the hills lived {trait.a} {kind} called {hero}.",
            "Do you know {hero}, the {trait} {kind}?",
        ),
        (
            "从前 有 一只 {trait} 的 {kind} ， 名叫 {hero} 。",
            "这 是 {hero} 的 故事 ， {hero.he} 是 一只 {trait} 的 {kind} 。",
            "远远 的 山 那边 住着 一只 {trait} 的 {kind} ， 叫做 {hero} 。",
            "你 认识 {hero} 吗 ？ {hero.he} 是 一只 {trait} 的 {kind} 。",
        ),
    ),
    "home": (
        (
            "{hero.He} lived near the {home} with {hero.his} friend {friend} the {friend_kind}.",
            "Near the {home} {hero.he} played every day with {friend} the {friend_kind}.",
            "Near the {home} lived {hero}'s best friend, {friend} the {friend_kind}.",
            "{hero} and {friend} the {friend_kind} shared a house near the {home}.",
        ),
        (
            "{hero.he} 和 朋友 {friend_kind} {friend} 住在 {home} 旁边 。",
            "在 {home} 旁边 ， {hero.he} 天天 和 {friend_kind} {friend} 一起 玩 。",
            "{home} 旁边 住着 {hero} 最 好 的 朋友 ， {friend_kind} {friend} 。",
            "{hero} 和 {friend_kind} {friend} 一起 住在 {home} 旁边 的 小屋 里 。",
        ),
    ),
    "birthday": (
        (
            "On {hero.his} birthday {hero.his} {giver} gave {hero.him} {colour.a} {thing}.",
            "For {hero.his} birthday {hero.he} got {colour.a} {thing} from {hero.his} {giver}.",
        ),
        (
            "生日 那天 ， {hero.he} {giver} 送给 {hero.he} {thing.one} {colour} 的 {thing} 。",
            "过 生日 的 时候 ， {hero.he} 从 {giver} 那里 得到 {thing.one} {colour} 的 {thing} 。",
        ),
    ),
    "parcel": (
        (
            "One day {hero} found {colour.a} {thing} in a parcel from {hero.his} {giver}.",
            "{hero.His} {giver} came to visit and brought {hero.him} {colour.a} {thing}.",
        ),
        (
            "有一天 ， {hero} 收到 {giver} 的 包裹 ， 里面 是 {thing.one} {colour} 的 {thing} 。",
            "{hero.he} {giver} 来 看 {hero.he} ， 带来了 {thing.one} {colour} 的 {thing} 。",
        ),
    ),
    "given": (
        (
            "{hero.His} {giver} smiled when {giver.he} gave {hero.him} {colour.a} {thing}.",
            "{hero.His} {giver} gave {hero.him} {colour.a} {thing} that {giver.he} had made.",
        ),
        (
            "{hero.he} {giver} 笑着 送给 {hero.he} {thing.one} {colour} 的 {thing} 。",
            "{hero.he} {giver} 送给 {hero.he} {thing.one} {giver.he} 亲手 做 的 {colour} {thing} 。",
        ),
    ),
    "joy": (
        (
            "{hero} {thing.did} it from morning to night.",
            "{hero.He} {thing.did} it every day and was happy.",
            '"It is the best {thing} in the world!" {hero.he} said.',
        ),
        (
            "{hero} 从 早 到 晚 都 在 {thing.verb} {thing} 。",
            "{hero.he} 天天 {thing.verb} {thing} ， 非常 快乐 。",
            "“ 这 是 世界 上 最 好 的 {thing} ！ ” {hero.he} 说 。",
        ),
    ),
}

OUTING: dict[str, Paraphrases] = {
    "set out": (
        (
            "One {weather} morning {hero} went to the {goal.place} to gather {goal}.",
            "On a {weather} day {hero.he} took a basket to the {goal.place} for {goal}.",
            "It was {weather} when {hero.he} set out for the {goal.place} to find {goal}.",
        ),
        (
            "一个 {weather} 的 早上 ， {hero} 去 {goal.place} 采集 {goal} 。",
            "在 {weather} 的 一天 ， {hero.he} 提着 篮子 ， 去 {goal.place} 找 {goal} 。",
            "那 是个 {weather} 的 日子 ， {hero.he} 出发 去 {goal.place} 找 {goal} 。",
        ),
    ),
    "plea": (
        (
            '"Please help me," said {stranger}.',
            '"Can you help me?" {stranger.he} asked.',
            "{stranger} looked at {hero.him} with sad eyes.",
        ),
        (
            "“ 请 帮帮 我 ， ” {stranger} 说 。",
            "“ 你 能 帮帮 我 吗 ？ ” {stranger.he} 问 。",
            "{stranger} 难过 地 看着 {hero.he} 。",
        ),
    ),
    "no time": (
        (
            '"I have no time," {hero} said and walked on.',
            "But {hero} was in a hurry and did not stop.",
            '"Someone else will help you," {hero} said.',
        ),
        (
            "“ 我 没有 时间 ， ” {hero} 说 完 就 走了 。",
            "可是 {hero} 急着 赶路 ， 没有 停下来 。",
            "“ 会 有 别人 帮 你 的 ， ” {hero} 说 。",
        ),
    ),
    "too shy": (
        (
            "But {hero} was afraid to speak and hid behind a tree.",
            "{hero} wanted to help, but {hero.he} did not dare.",
        ),
        (
            "可是 {hero} 不敢 说话 ， 躲 到了 树 后面 。",
            "{hero} 想 帮忙 ， 可是 {hero.he} 不敢 。",
        ),
    ),
    "thanks": (
        (
            '"I will never forget this," said {stranger}.',
            "{stranger} smiled for the first time that day.",
            '"You are so good to me," {stranger.he} said.',
        ),
        (
            "“ 我 永远 不会 忘记 ， ” {stranger} 说 。",
            "{stranger} 那天 第一次 笑了 。",
            "“ 你 对 我 真 好 ， ” {stranger.he} 说 。",
        ),
    ),
    "regret": (
        (
            "All the way home {hero.he} thought of {stranger}.",
            "{stranger} was left alone.",
        ),
        (
            "回家 的 路上 ， {hero.he} 一直 想着 {stranger} 。",
            "{stranger} 孤零零 地 留下了 。",
        ),
    ),
}

# trouble -> (who ..., the same in Chinese, two ways to help)
_TROUBLES: dict[str, tuple[str, str, Paraphrases]] = {
    "cold": ("was shaking with cold", "冻得 发抖", (
        ("{hero} wrapped {stranger.him} in a warm blanket.", "{hero} made a fire, and soon {stranger} was warm."),
        ("{hero} 给 {stranger.he} 裹上了 温暖 的 毯子 。",
         "{hero} 生了 火 ， {stranger} 很快 就 暖和了 。"),
    )),
    "lost": ("had lost the way", "迷了 路", (
        ("{hero} took {stranger.his} hand and brought {stranger.him} home.",
         "{hero} knew the way and walked home with {stranger.him}."),
        ("{hero} 牵着 {stranger.his} 手 ， 送 {stranger.he} 回家 。",
         "{hero} 认识 路 ， 就 陪 {stranger.he} 走 回家 。"),
    )),
    "thirsty": ("was very thirsty", "渴坏了", (
        ("{hero} ran to the spring and brought {stranger.him} fresh water.",
         "{hero} gave {stranger.him} all the water {hero.he} had."),
        ("{hero} 跑 到 泉边 ， 给 {stranger.he} 打来了 清水 。",
         "{hero} 把 自己 的 水 全都 给了 {stranger.he} 。"),
    )),
    "hungry": ("had not eaten all day", "一整天 没 吃 东西", (
        ("{hero} shared {hero.his} bread with {stranger.him}.",
         "{hero} cooked a pot of soup, and {stranger} ate it all."),
        ("{hero} 把 面包 分给了 {stranger.he} 。",
         "{hero} 煮了 一锅 汤 ， {stranger} 全都 喝 完了 。"),
    )),
    "hurt": ("had hurt a foot", "伤了 脚", (
        ("{hero} washed the foot and carried {stranger.him} home.",
         "{hero} put a soft leaf on it and sang {stranger.him} a song."),
        ("{hero} 洗了 伤口 ， 背 {stranger.he} 回家 。",
         "{hero} 给 {stranger.he} 敷上 软软 的 叶子 ， 还 唱了 一首歌 。"),
    )),
    "stuck": ("was stuck in the mud", "陷 在 泥 里", (
        ("{hero} found a long branch and pulled {stranger.him} out.",
         "{hero} pulled and pulled until {stranger} was free."),
        ("{hero} 找来 一根 长长 的 树枝 ， 把 {stranger.he} 拉了 出来 。",
         "{hero} 拉 啊 拉 ， 终于 把 {stranger} 救了 出来 。"),
    )),
}  # fmt: skip

TROUBLES = tuple(_TROUBLES)

for _name, (_who, _shei, _help) in _TROUBLES.items():
    OUTING[f"meet {_name}"] = (
        (
            f"There {{hero.he}} met {{stranger}}, {{stranger_kind.a}} who {_who}.",
            f"{{hero.He}} saw {{stranger_kind.a}} named {{stranger}}, who {_who}.",
        ),
        (
            f"{{hero.he}} 在 那里 遇到了 {{stranger_kind}} {{stranger}} ， {{stranger.he}} {_shei} 。",
            f"{{hero.he}} 看见 一只 名叫 {{stranger}} 的 {{stranger_kind}} ， {{stranger.he}} {_shei} 。",
        ),
    )
    OUTING[f"help {_name}"] = _help

LOSS: dict[str, Paraphrases] = {
    "theft": (
        (
            "That night {thief.a} stole the {thing} and hid it in the {spot}.",
            "While {hero} slept, {thief.a} carried the {colour} {thing} off to the {spot}.",
        ),
        (
            "那天 夜里 ， 一只 {thief} 偷走了 {thing} ， 藏 在 {spot} 里 。",
            "{hero} 睡觉 的 时候 ， 一只 {thief} 把 {colour} 的 {thing} 偷偷 带进了 {spot} 。",
        ),
    ),
    "drop": (
        (
            "On the way back {hero.he} rested in the {spot} and left the {thing} there.",
            "Later {hero} fell asleep in the {spot} and forgot the {thing} there.",
            "Later {hero} put the {thing} down in the {spot} and forgot where.",
        ),
        (
            "{hero.he} 回来 时 在 {spot} 里 休息 ， 把 {thing} 忘在了 那里 。",
            "后来 {hero} 在 {spot} 里 睡了 一觉 ， 把 {thing} 忘在了 那里 。",
            "后来 {hero} 把 {thing} 放在 {spot} 里 ， 却 忘了 在 哪里 。",
        ),
    ),
    "wind": (
        (
            "Then a strong wind took the {thing} and blew it into the {spot}.",
            "Suddenly the wind carried the {thing} away and into the {spot}.",
        ),
        (
            "后来 一阵 大风 卷走了 {thing} ， 把 它 吹进了 {spot} 。",
            "忽然 大风 把 {thing} 刮进了 {spot} 。",
        ),
    ),
    "storm": (
        (
            "On the way home a storm broke, and {hero} ran into the {spot}.",
            "Then the sky turned black, and {hero} hid in the {spot}.",
        ),
        (
            "回家 的 路上 下起了 暴雨 ， {hero} 跑进了 {spot} 。",
            "后来 天 变黑了 ， {hero} 躲进了 {spot} 。",
        ),
    ),
    "gone": (
        (
            '"My {colour} {thing} is gone!" {hero} told {friend}.',
            '"{friend}, I have lost my {colour} {thing}," {hero.he} said.',
            '"{friend}, have you seen my {thing}?" {hero} asked.',
        ),
        (
            "“ 我 {thing.that} {colour} 的 {thing} 不见了 ！ ” {hero} 告诉 {friend} 。",
            "“ {friend} ， 我 把 {colour} 的 {thing} 弄丢了 ， ” {hero.he} 说 。",
            "“ {friend} ， 你 看见 我 的 {thing} 了 吗 ？ ” {hero} 问 。",
        ),
    ),
    "present": (
        (
            '"It was a present from my {giver}."',
            '"What will my {giver} say?"',
        ),
        (
            "“ 那 是 我 {giver} 送 的 礼物 。 ”",
            "“ 我 {giver} 会 怎么 说 呢 ？ ”",
        ),
    ),
    "comfort": (
        (
            '"Do not cry," said {friend} and took {hero.his} hand.',
            '"I will help you look for it," said {friend}.',
            "{friend} dried {hero.his} tears, and they looked everywhere.",
            "{friend} put on {friend.his} boots and came along at once.",
        ),
        (
            "“ 别 哭 ， ” {friend} 说着 ， 拉起了 {hero.his} 手 。",
            "“ 我 帮 你 一起 找 ， ” {friend} 说 。",
            "{friend} 擦干了 {hero.his} 眼泪 ， 和 {hero.he} 一起 到处 寻找 。",
            "{friend} 穿 上 {friend.his} 靴子 ， 马上 跟着 去了 。",
        ),
    ),
    "wrong": (
        (
            "First they searched the {wrong_spot} and found nothing.",
            "In the {wrong_spot} they found only an old shoe.",
        ),
        (
            "起初 找 遍了 {wrong_spot} ， 什么 也 没 找到 。",
            "在 {wrong_spot} 里 ， 只 找到 一只 旧 鞋 。",
        ),
    ),
    "signal": (
        (
            "The water rose, so {hero.he} held up {hero.his} {colour} {thing}.",
            '"Help!" {hero.he} called and waved {hero.his} {colour} {thing}.',
        ),
        (
            "水 越 涨 越 高 ， {hero.he} 举起了 {colour} 的 {thing} 。",
            "“ 救命 ！ ” {hero.he} 一边 喊 ， 一边 挥动 {colour} 的 {thing} 。",
        ),
    ),
    "waiting": (
        (
            "At home {friend} waited at the door.",
            '"{friend} will look for me," {hero.he} thought.',
        ),
        (
            "家 里 ， {friend} 站 在 门口 等着 。",
            "“ {friend} 会 来 找 我 的 ， ” {hero.he} 想 。",
        ),
    ),
}

FINDING: dict[str, Paraphrases] = {
    "friend finds": (
        (
            "At last {friend} looked in the {spot} and found the {colour} {thing}.",
            "In the evening {friend} brought the {colour} {thing} from the {spot}.",
            "Then {friend} saw something {colour} in the {spot}. It was the {thing}!",
        ),
        (
            "最后 {friend} 往 {spot} 里 一看 ， 找到了 {colour} 的 {thing} 。",
            "傍晚 ， {friend} 从 {spot} 里 带回了 {colour} 的 {thing} 。",
            "后来 {friend} 看见 {spot} 里 有 {colour} 的 东西 。 正 是 {thing} ！",
        ),
    ),
    "stranger finds": (
        (
            "But {stranger} remembered {hero.him} and brought the {colour} {thing} from the {spot}.",
            '"I saw something {colour} in the {spot}," said {stranger}. It was the {thing}!',
            '"Now it is my turn," said {stranger} and found the {thing} in the {spot}.',
        ),
        (
            "{stranger} 还 记得 {hero.he} ， 从 {spot} 里 带回了 {colour} 的 {thing} 。",
            "“ 我 看见 {spot} 里 有 {colour} 的 东西 ， ” {stranger} 说 。 正 是 {thing} ！",
            "“ 现在 轮到 我 了 ， ” {stranger} 说着 ， 在 {spot} 里 找到了 {thing} 。",
        ),
    ),
    "stranger forgives": (
        (
            '"Look in the {spot}," said {stranger}, and there was the {thing}!',
            "It was {stranger} who brought back the {colour} {thing} from the {spot}.",
        ),
        (
            "“ 去 {spot} 里 看看 吧 ， ” {stranger} 说 。 {thing} 果然 在 那里 ！",
            "是 {stranger} 从 {spot} 里 带回了 {colour} 的 {thing} 。",
        ),
    ),
    "nobody finds": (
        (
            "They searched for three days, but nobody looked in the {spot}.",
            "Nobody thought of the {spot}, and the {thing} was never found.",
        ),
        (
            "他们 找了 三天 ， 可是 谁 也 没有 去 {spot} 里 看 。",
            "谁 也 没有 想到 {spot} ， {thing} 再 也 没有 找到 。",
        ),
    ),
    "consolation": (
        (
            "So {friend} painted {hero.him} {colour.a} {thing}, and {hero.he} laughed again.",
            '"You still have me," said {friend}, and {hero} smiled again.',
        ),
        (
            "于是 {friend} 给 {hero.he} 画了 {thing.one} {colour} 的 {thing} ， {hero.he} 又 笑了 。",
            "“ 你 还 有 我 呢 ， ” {friend} 说 。 {hero} 又 笑了 。",
        ),
    ),
    "rescue": (
        (
            "{helper} saw something {colour} in the {spot}, and there was {hero}!",
            "{helper} heard {hero.him}, came to the {spot} and brought {hero.him} home.",
        ),
        (
            "{helper} 看见 {spot} 里 有 {colour} 的 东西 ， 原来 {hero} 在 那里 ！",
            "{helper} 听见了 {hero.his} 喊声 ， 赶到 {spot} ， 把 {hero.he} 带回了 家 。",
        ),
    ),
    "forgive thief": (
        (
            '"Forgive me," said the {thief}, and {hero} did.',
            "The {thief} was sorry, and {hero} asked it to stay for supper.",
        ),
        (
            "“ 原谅 我 吧 ， ” {thief} 说 。 {hero} 点了 点头 。",
            "{thief} 道歉了 ， {hero} 请 它 留下来 吃 晚饭 。",
        ),
    ),
    "scold thief": (
        (
            '"Never do that again!" {hero} told the {thief}.',
            "The {thief} hung its head and said sorry.",
        ),
        (
            "“ 以后 不许 这样 ！ ” {hero} 对 {thief} 说 。",
            "{thief} 低下头 ， 说了 对不起 。",
        ),
    ),
}

ENDING: dict[str, Paraphrases] = {
    "reward": (
        (
            "{hero} hugged {helper} and gave {helper.him} a basket of {goal}.",
            '"Thank you!" said {hero}, and {helper} got half of the {goal}.',
            '"These {goal} are for you," {hero} told {helper}.',
        ),
        (
            "{hero} 抱住 {helper} ， 送给 {helper.he} 一篮 {goal} 。",
            "“ 谢谢 你 ！ ” {hero} 说着 ， 把 一半 {goal} 分给了 {helper} 。",
            "“ 这些 {goal} 送给 你 ， ” {hero} 对 {helper} 说 。",
        ),
    ),
    "music": (
        (
            "That evening {hero} {thing.did} the {thing} near the {home}, and everyone sang.",
            "At the feast near the {home} {hero} {thing.did} the {thing} for {hero.his} friends.",
            "Once more {hero} {thing.did} the {colour} {thing} near the {home}, full of joy.",
        ),
        (
            "那天 晚上 ， {hero} 在 {home} 旁边 {thing.verb} {thing} ， 大家 唱起了 歌 。",
            "在 {home} 旁边 的 宴会 上 ， {hero} 为 朋友 们 {thing.verb} {thing} 。",
            "{hero} 又 在 {home} 旁边 高兴 地 {thing.verb} {colour} 的 {thing} 。",
        ),
    ),
    "stars": (
        (
            "That night {hero} and {friend} watched the stars near the {home}.",
            "In the evening the two friends drank tea near the {home}.",
            "Near the {home} {hero} and {friend} fell asleep side by side.",
        ),
        (
            "那天 夜里 ， {hero} 和 {friend} 在 {home} 旁边 看 星星 。",
            "晚上 ， 两个 朋友 在 {home} 旁边 喝茶 。",
            "在 {home} 旁边 ， {hero} 和 {friend} 肩并肩 睡着了 。",
        ),
    ),
    "tell": (
        (
            "{hero} told {hero.his} {giver} the whole story.",
            '"My {trait} little {kind}!" said {hero.his} {giver}.',
            "{hero.His} {giver} heard about it and baked a cake.",
        ),
        (
            "{hero} 把 这件事 从头到尾 讲给 {giver} 听 。",
            "“ 我 {trait} 的 {kind} ！ ” {hero.he} {giver} 说 。",
            "{hero.he} {giver} 听说了 ， 烤了 一个 蛋糕 。",
        ),
    ),
    "lesson returned": (
        ("A good deed always comes back.", "Those who help are never alone.", "Kindness is a seed that grows."),
        ("好心 总 有 好报 。", "帮助 别人 的 人 不会 孤单 。", "善意 是 会 发芽 的 种子 。"),
    ),
    "lesson friend": (
        (
            "A true friend never stops looking.",
            "It is good to have a friend like {friend}.",
            "With a friend every road is short.",
        ),
        (
            "真正 的 朋友 从不 放弃 。",
            "有 {friend} 这样 的 朋友 真 好 。",
            "有 朋友 做伴 ， 再 远 的 路 也 不 远 。",
        ),
    ),
    "lesson forgiven": (
        (
            "From then on {hero} stopped for everyone.",
            '"I am sorry I left you," {hero} told {stranger}.',
        ),
        ("从此 以后 ， {hero} 见 谁 都 会 帮忙 。", "“ 对不起 ， 我 丢下了 你 ， ” {hero} 对 {stranger} 说 。"),
    ),
    "lesson next time": (
        ('"Next time I will help," {hero} promised.', "The next day {hero} told {stranger} that {hero.he} was sorry."),
        ("“ 下次 我 一定 帮忙 ， ” {hero} 保证 。", "第二天 ， {hero} 对 {stranger} 说了声 对不起 。"),
    ),
    "lesson lost": (
        ("A friend is worth more than any {thing}.", "Things come and go, but friends stay."),
        ("朋友 比 什么 {thing} 都 珍贵 。", "东西 来来去去 ， 朋友 却 一直 都 在 。"),
    ),
}

# In English and Chinese; each can be the first question or, with an "and", the second.
_QUESTIONS: dict[str, tuple[str, str]] = {
    "ask giver": (
        "Who gave {hero} the {thing}? {hero.His} {giver} did.",
        "是 谁 送给 {hero} {thing} 的 ？ 是 {hero.he} {giver} 。",
    ),
    "ask colour": (
        "What colour was the {thing}? It was {colour}.",
        "{thing} 是 什么 颜色 的 ？ 是 {colour} 的 。",
    ),
    "ask spot": (
        "Where was the {thing}? In the {spot}.",
        "{thing} 在 哪里 ？ 在 {spot} 里 。",
    ),
    "ask shelter": (
        "Where did {hero} hide? In the {spot}.",
        "{hero} 躲在 哪里 ？ 在 {spot} 里 。",
    ),
    "ask finder": (
        "Who found the {thing}? {helper} did.",
        "是 谁 找到了 {thing} ？ 是 {helper} 。",
    ),
    "ask rescuer": (
        "Who came to help {hero}? {helper} did.",
        "是 谁 救了 {hero} ？ 是 {helper} 。",
    ),
    "ask goal": (
        "What did {hero} want to gather? {goal.Cap}.",
        "{hero} 想 采集 什么 ？ 是 {goal} 。",
    ),
    "ask place": (
        "Where did {hero} go that day? To the {place}.",
        "{hero} 那天 去了 哪里 ？ 去了 {place} 。",
    ),
    "ask home": (
        "Where did {friend} live? Near the {home}.",
        "{friend} 住在 哪里 ？ 在 {home} 旁边 。",
    ),
    "ask thief": (
        "Who took the {thing}? The {thief} did.",
        "是 谁 拿走了 {thing} ？ 是 {thief} 。",
    ),
    "ask stranger": (
        "What animal was {stranger}? {stranger.He} was {stranger_kind.a}.",
        "{stranger} 是 什么 动物 ？ {stranger.he} 是 {stranger_kind} 。",
    ),
    "ask friend": (
        "What animal was {friend}? {friend.He} was {friend_kind.a}.",
        "{friend} 是 什么 动物 ？ {friend.he} 是 {friend_kind} 。",
    ),
}

QUESTIONS: dict[str, Paraphrases] = {
    **{name: ((english,), (chinese,)) for name, (english, chinese) in _QUESTIONS.items()},
    **{
        f"{name} too": ((f"And {english[0].lower()}{english[1:]}",), (f"那么 ， {chinese}",))
        for name, (english, chinese) in _QUESTIONS.items()
    },
}

FRAMES: dict[str, Paraphrases] = {**OPENING, **OUTING, **LOSS, **FINDING, **ENDING, **QUESTIONS}
