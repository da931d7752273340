import copy

import torch
from torch import nn

from helpers.runtime import quick_lookup


def model():
    return nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 2, bias=False)))


def own_names(module):
    return {id(m): set(m.__dict__) for m in module.modules()}


def test_parts_are_found_without_torchs_slow_path(monkeypatch):
    net, asked = model(), []
    slow = nn.Module.__getattr__
    monkeypatch.setattr(nn.Module, "__getattr__", lambda self, name: (asked.append(name), slow(self, name))[1])
    assert net[0].weight.shape == (3, 2)
    with quick_lookup(net):
        assert asked == ["weight"]
        assert net[0].weight is net[0]._parameters["weight"]
        assert asked == ["weight"]


def test_afterwards_all_is_as_it_was_even_after_an_error():
    net = model()
    before = own_names(net)
    for _ in range(2):
        try:
            with quick_lookup(net), quick_lookup(net):
                assert own_names(net) != before
                raise KeyError
        except KeyError:
            pass
        assert own_names(net) == before


def test_a_part_that_is_replaced_or_trained_meanwhile_counts():
    net, x = model(), torch.ones(1, 2)
    with quick_lookup(net):
        net[0].weight = nn.Parameter(torch.zeros(3, 2))
        net[0].bias.data.fill_(1.0)
        assert (net[0](x) == 1).all()
        net[1][0] = nn.Identity()
        assert (net(x) == 1).all()
    assert (net(x) == 1).all()
    assert (copy.deepcopy(net)(x) == 1).all()


def test_a_bias_that_comes_into_being_meanwhile_stays():
    net = nn.Linear(2, 2, bias=False)
    with quick_lookup(net):
        net.bias = nn.Parameter(torch.zeros(2))
    assert net.bias.shape == (2,)
