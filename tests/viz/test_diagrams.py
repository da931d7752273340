from helpers.viz.diagrams import plot_block


def texts(ax):
    return [t.get_text() for t in ax.texts]


def test_both_kinds_of_block_have_the_same_parts_in_another_order():
    post, pre = texts(plot_block(("post",))), texts(plot_block(("pre",)))
    assert sorted(post[1:]) == sorted(pre[1:])
    assert post[1:] != pre[1:]
    assert pre[1:4] == ["norm", "attention", "+"]
