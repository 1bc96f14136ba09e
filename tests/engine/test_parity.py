"""Parity: what may differ between training and test data, and what not."""

import pytest

from mmseaice.engine import check_parity, parity_differences
from mmseaice.errors import ParityError

RECORD = {
    'version': '0.1.0',
    'resampler': 'area',
    'spacings': [80.0, 160.0],
    'channels': ['HH', 'HV'],
    'mean': [-14.5, -24.7],
    'clip': None,
    'release': 'Dec-2022',
    'label_rule': 'autoice 0.65/0.65',
}


def test_same_preparation_agrees():
    other = RECORD | {
        'version': '9.9',
        'spacings': (160,),
        'channels': ('HH', 'HV'),
        'mean': [-14.5 + 1e-9, -24.7],
        'entry of a later version': 3,
    }
    assert parity_differences(RECORD, RECORD) == []
    assert parity_differences(RECORD, other) == []


@pytest.mark.parametrize(
    ('entry', 'value'),
    [
        ('resampler', 'nearest'),
        ('spacings', [80, 120]),
        ('channels', ['HV', 'HH']),
        ('mean', [-14.5, -24.8]),
        ('mean', [-14.5]),
        ('mean', None),
        ('clip', [-3, 3]),
        ('release', ['Dec-2022', 'Oct-2022']),
        ('label_rule', 'accumulate 0.65/0.65'),
    ],
)
def test_each_difference_is_found_and_can_be_allowed(entry, value):
    data = RECORD | {entry: value}
    (line,) = parity_differences(RECORD, data)
    assert line.startswith(f'{entry}: ')
    assert str(value) in line
    assert parity_differences(RECORD, data, ignore=[entry]) == []


def test_missing_entry_is_a_difference():
    data = {k: v for k, v in RECORD.items() if k != 'resampler'}
    assert len(parity_differences(RECORD, data)) == 1


def test_data_without_labels_have_no_label_rule_to_differ():
    assert parity_differences(RECORD, RECORD | {'label_rule': ''}) == []


def test_error_lists_every_difference():
    data = RECORD | {'release': 'Oct-2022', 'spacings': [40]}
    with pytest.raises(ParityError) as caught:
        check_parity('model.pth', RECORD, data)
    message = str(caught.value)
    assert message.startswith('model.pth: ')
    assert 'release: trained with Dec-2022, data have Oct-2022' in message
    assert 'spacings: trained with [80.0, 160.0], data have [40]' in message
