"""The pictures: each takes a result and returns a matplotlib figure."""

from synergy.pictures import and_or as and_or
from synergy.pictures import plot as plot
from synergy.pictures.channels import channels as channels
from synergy.pictures.heat_map import heat_map as heat_map
from synergy.pictures.overlay import overlay as overlay
from synergy.pictures.scaled_photo import scaled_photo as scaled_photo
