"""A device that runs out of memory, and a training that is interrupted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from assay.config import LearningConfig
from assay.errors import AssayError
from assay.learning import out_of_sample
from assay.learning.encoding import EncodedTable, encode_table
from assay.learning.memory import Portion, is_out_of_memory
from assay.learning.network import StackedNetwork
from assay.learning.recipe import Recipe

QUICK = LearningConfig(other_models=False, folds=3, repeats=1, epochs=2)
CPU_MESSAGE = "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried to allocate"


@pytest.fixture
def dataset(make_dataset):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    frame = pd.DataFrame({"x": y * 3 + rng.normal(size=200), "y": np.where(y, "yes", "no")})
    return make_dataset(frame, label="y")


@pytest.fixture
def limit_memory(monkeypatch):
    """Make a forward pass of more than so many rows a member run out of memory, in training, in prediction or both."""
    logits = StackedNetwork.logits

    def limit(error, *, training=10**9, prediction=10**9):
        def limited(self, x, dropout=None):
            if x.shape[1] > (prediction if dropout is None else training):
                raise error
            return logits(self, x, dropout)

        monkeypatch.setattr(StackedNetwork, "logits", limited)

    return limit


def test_what_running_out_of_memory_looks_like():
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert is_out_of_memory(RuntimeError(CPU_MESSAGE))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("CUDA out of memory"))


def test_the_allocator_of_this_machine_is_recognised():
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError(CPU_MESSAGE), MemoryError()]
)
def test_a_training_goes_on_with_smaller_batches(dataset, limit_memory, error):
    limit_memory(error, training=10)
    found = out_of_sample(dataset, QUICK)
    assert np.isfinite(found.pred_probs).all()
    assert "batch halved to 8 rows after the device ran out of memory" in found.details["memory"]


def test_a_prediction_goes_on_with_smaller_chunks_and_finds_the_same(dataset, limit_memory):
    whole = out_of_sample(dataset, QUICK)
    limit_memory(torch.OutOfMemoryError("CUDA out of memory."), prediction=9)
    found = out_of_sample(dataset, QUICK)
    np.testing.assert_allclose(found.pred_probs, whole.pred_probs, atol=1e-6)
    np.testing.assert_allclose(found.trajectory, whole.trajectory, atol=1e-6)
    assert "evaluation chunk halved to" in found.details["memory"]


def test_portions_add_up_to_the_gradient_of_the_whole_batch(dataset, limit_memory, monkeypatch):
    """Without dropout, whose draws differ, a training in portions is the training in one."""
    chosen = Recipe.for_rows
    monkeypatch.setattr(Recipe, "for_rows", lambda *given, **by_name: replace(chosen(*given, **by_name), dropout=0.0))
    whole = out_of_sample(dataset, QUICK)
    limit_memory(MemoryError(), training=5)
    found = out_of_sample(dataset, QUICK)
    np.testing.assert_allclose(found.pred_probs, whole.pred_probs, atol=1e-4)
    np.testing.assert_allclose(found.margin, whole.margin, atol=1e-3)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError(CPU_MESSAGE), MemoryError()]
)
def test_a_table_that_has_no_room_encoded_is_encoded_batch_by_batch(dataset, monkeypatch, error):
    whole = out_of_sample(dataset, QUICK)
    encode, most = EncodedTable._encode, 150

    def limited(self, index):
        if len(index) > most:
            raise error
        return encode(self, index)

    monkeypatch.setattr(EncodedTable, "_encode", limited)
    assert encode_table(dataset.frame, ["x"], torch.device("cpu")).cache is None
    # The chunks of a prediction have more rows than there is room for: they are halved as ever.
    found = out_of_sample(dataset, QUICK)
    np.testing.assert_allclose(found.pred_probs, whole.pred_probs, atol=1e-4)


def test_another_error_in_encoding_is_raised_as_it_is(dataset, monkeypatch):
    def fail(_self, _index):
        raise RuntimeError("something else")

    monkeypatch.setattr(EncodedTable, "_encode", fail)
    with pytest.raises(RuntimeError, match="something else"):
        encode_table(dataset.frame, ["x"], torch.device("cpu"))


@pytest.mark.parametrize("part", ["training", "prediction"])
def test_where_one_row_does_not_fit_it_says_what_to_do(dataset, limit_memory, part):
    limit_memory(torch.OutOfMemoryError("CUDA out of memory."), **{part: 0})
    with pytest.raises(AssayError, match=r"at least one row.*Lower learning\.repeats"):
        out_of_sample(dataset, QUICK)


def test_another_error_is_raised_as_it_is(dataset, limit_memory):
    limit_memory(RuntimeError("something else"), training=0)
    with pytest.raises(RuntimeError, match="something else"):
        out_of_sample(dataset, QUICK)


def test_a_portion_that_was_never_halved_has_no_note():
    assert Portion(4, "batch").note is None


@pytest.mark.parametrize("when", ["step", "epoch"])
def test_an_interrupt_ends_at_once_and_leaves_nothing_behind(dataset, monkeypatch, when):
    whole = out_of_sample(dataset, QUICK)
    calls = []

    def interrupt(*_args, **_keywords):
        calls.append(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if when == "step":
            patched.setattr(StackedNetwork, "logits", interrupt)
        with pytest.raises(KeyboardInterrupt):
            out_of_sample(dataset, QUICK, progress=interrupt)
    assert calls == [1]
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    np.testing.assert_array_equal(out_of_sample(dataset, QUICK).pred_probs, whole.pred_probs)
