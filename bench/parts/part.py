"""What a part of the benchmark is: a module with need(), run(), goals() and report(), told how many rows and rounds."""
from dataclasses import dataclass

from measure import Spread


@dataclass
class Need:
    disk: float  # bytes
    seconds: float  # on two cores of 2.5 GHz


@dataclass
class Goal:
    text: str
    relation: str  # '>=' or '<='
    bound: float
    measured: Spread
    form: str = '.2f'

    def reached(self):
        return self.measured.median >= self.bound if self.relation == '>=' else self.measured.median <= self.bound

    def line(self):
        return [self.text, f'{self.relation} {self.bound:{self.form}}', self.measured.text(self.form),
                'yes' if self.reached() else 'no']
