import { BAD_INPUT } from './bad-input.js';
import { FAULTS } from './faults.js';
import { MORE_FAULTS } from './more-faults.js';
import type { Row } from './row.js';

export const ROWS: readonly Row[] = [...FAULTS, ...MORE_FAULTS, ...BAD_INPUT];
