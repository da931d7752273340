import torch

from helpers.viz.score_maps import score_maps_figure

MAPS = {"near": torch.tensor([[0.0, 9.0], [-2.0, 1.0]]), "none": torch.zeros(2, 2)}


def test_the_list_draws_each_map_on_its_own_scale():
    figure = score_maps_figure(MAPS, menu="Scheme", titles={"none": "Nothing"}).to_plotly_json()
    [entry] = figure["layout"]["updatemenus"]
    assert entry["name"] == "Scheme"
    assert [button["label"] for button in entry["buttons"]] == ["near", "none"]
    [data, words] = entry["buttons"][1]["args"]
    assert data["z"] == [[[0.0, None], [0.0, 0.0]]]
    assert (data["zmin"], data["zmax"], words) == ([-1], [1], {"title.text": "Nothing"})


def test_keys_behind_the_query_are_left_out_of_the_picture_and_of_the_scale():
    [heat] = score_maps_figure(MAPS, menu="Scheme").to_plotly_json()["data"]
    assert [list(row) for row in heat["z"]] == [[0.0, None], [-2.0, 1.0]]
    assert (heat["zmin"], heat["zmax"]) == (-2.0, 2.0)


def test_the_last_queries_of_a_longer_row_see_the_keys_before_them():
    [heat] = score_maps_figure({"tail": torch.ones(2, 4)}, menu="Scheme").to_plotly_json()["data"]
    assert [list(row) for row in heat["z"]] == [[1.0, 1.0, 1.0, None], [1.0, 1.0, 1.0, 1.0]]
