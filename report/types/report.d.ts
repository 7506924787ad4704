// What the data files hold (docs/report.md), and the vendored libraries as far as they are used.

interface BenchmarkInfo {
  name: string;
  label: string;
  problems: number;
  /** problems per data file */
  chunk: number;
}

interface Accuracy {
  status: string;
  accuracy: number | null;
  interval: [number, number] | null;
  lighteval_accuracy: number | null;
  strict_accuracy: number | null;
  pass_at_k: number | null;
  maj_at_k: number | null;
  unreadable: number | null;
  in_format: number | null;
  cut_off: number | null;
  mean_tokens: number | null;
  problems: number;
  samples: number;
}

interface CellInfo {
  cell: string;
  label: string;
  parent: string | null;
  stages: { stage: string; label: string; trainer: string; data: string }[];
  prompts: Record<string, string[]>;
  trained: boolean;
  seeds: number[];
  /** seeds whose training collapsed */
  collapsed: number[];
  accuracy: Record<string, Record<string, Accuracy>>;
}

interface Study {
  name: string;
  note: string | null;
  main_prompt: string;
  prompts: string[];
  seeds: number[];
  benchmarks: BenchmarkInfo[];
  cells: CellInfo[];
}

interface LineageNode {
  rule: string;
  name: string;
  keys: Record<string, string>;
  record: string;
  made_from: string[];
  [fact: string]: unknown;
}

interface CellFile {
  cell: string;
  label: string;
  parent: string | null;
  lineage: LineageNode[];
  recipe: Record<string, unknown> | null;
  training_settings: Record<string, unknown> | null;
  seeds: Record<string, unknown>[];
  collapsed: { seed: number; reason: string; evidence: unknown[] }[];
  curve: { columns: string[]; seeds: Record<string, (number | null)[][]> } | null;
  settings: Record<string, Record<string, Record<string, unknown>>>;
  records: Record<string, unknown>[];
  rollouts: number[];
}

/** Columns over the completions of a cell, prompt and benchmark, by (seed, problem, sample). */
interface Verdicts {
  seeds: number[];
  problems: number;
  samples: number;
  correct: string;
  lighteval: string;
  strict: string;
  cut_off: string;
  kept: string;
  status: number[];
  statuses: string[];
  tokens: number[];
}

/** id, the question's first characters, gold */
type Title = [string, string, string];

interface Problem {
  id: string;
  question: string;
  gold: string;
}

interface Completion {
  seed: number;
  problem: string;
  sample: number;
  completion: string;
  /** characters left out between `completion` and `end` */
  omitted?: number;
  end?: string;
  extracted: string | null;
  status: string;
  strict_status: string;
  finish_reason: string | null;
  prompt?: string;
}

interface CompletionsFile {
  before: string;
  after: string;
  completions: Completion[];
}

interface Rollout {
  step: number;
  prompt: string;
  completion: string;
  rewards: Record<string, number | null>;
  advantage: number | null;
}

/** Which completions a list shows. */
interface Filter {
  show: string;
  /** a seed, or "" for all */
  seed: string;
  least: number | null;
  most: number | null;
  /** lower case */
  text: string;
  where: string;
}

interface ProblemRow {
  index: number;
  id: string;
  title: string;
  gold: string;
  /** completions of the chosen seeds */
  of: number;
  right: number;
  lighteval: number;
  cut: number;
  unreadable: number;
  tokens: number;
  /** completions that the filter shows */
  shown: number;
  /** the first of them */
  first: { seed: number; sample: number };
  marks: string;
}

interface Column<Row> {
  key: string;
  label: string;
  numeric?: boolean;
  /** what it is sorted by; a column without is not sorted */
  value?: (row: Row) => number | string;
  show: (row: Row) => Node | string;
}

interface KatexOptions {
  displayMode: boolean;
  throwOnError: boolean;
  strict: boolean;
  trust: boolean;
  maxSize: number;
  maxExpand: number;
}

declare const katex: { render(tex: string, into: HTMLElement, options: KatexOptions): void };

interface PlotMark {}

declare const Plot: {
  plot(options: Record<string, unknown>): SVGElement | HTMLElement;
  line(data: unknown[], options: Record<string, unknown>): PlotMark;
  dot(data: unknown[], options: Record<string, unknown>): PlotMark;
  ruleX(data: unknown[], options: unknown): PlotMark;
  pointerX(options: Record<string, unknown>): Record<string, unknown>;
  tip(data: unknown[], options: Record<string, unknown>): PlotMark;
};
