// The page's looks, and the one thing it does: sorting a table by the column that is clicked.

let style = """
  :root { color-scheme: light dark; --ink: #1b1f24; --quiet: #656d76; --line: #d9dee3;
    --paper: #fff; --panel: #f5f7f9; --warn: #fff4d6; --warn-ink: #6b4e00; --good: #1a7f37;
    --bad: #b3261e; --c0: #2f6fb7; --c1: #d9822b; --c2: #3b9457; --c3: #8d5fb8; --c4: #c24d68;
    --c5: #5f6b76; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --quiet: #9aa4ae; --line: #343b43;
    --paper: #14171a; --panel: #1d2226; --warn: #3a2f10; --warn-ink: #f2d488; --good: #5dc878;
    --bad: #ff8a80; --c0: #6ba7e8; --c1: #f0a557; --c2: #6cc487; --c3: #b796de; --c4: #ea8aa0;
    --c5: #a3adb7; } }
  @media print { :root { color-scheme: light; --ink: #000; --quiet: #444; --line: #bbb;
    --paper: #fff; --panel: #fff; } main { max-width: none !important; padding: 0 !important; }
    .multiples { grid-template-columns: repeat(4, 1fr) !important; }
    figure, tr, .facts div { break-inside: avoid; } h2 { break-after: avoid; }
    details:not([open]) { display: none; } }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink);
    font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
  main { max-width: 64rem; margin: 0 auto; padding: 2rem 1.5rem 3rem; }
  h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; overflow-wrap: anywhere; }
  section + section, h1 ~ section { margin-top: 3rem; }
  h2 { font-size: 1.1rem; margin: 2.4rem 0 .4rem; }
  p { margin: 0 0 .8rem; color: var(--quiet); max-width: 46rem; }
  p, footer { overflow-wrap: anywhere; }
  code, pre, .hash { font: .86em/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
  dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr));
    gap: 1px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
    overflow: hidden; margin: 0; }
  dl.facts div { box-shadow: 0 0 0 1px var(--line); padding: .55rem .8rem; }
  dt { color: var(--quiet); font-size: .8rem; } dl.facts dd { margin: 0; font-weight: 600; }
  .warnings { background: var(--warn); color: var(--warn-ink); border-radius: 8px;
    padding: .7rem 1rem .7rem 2rem; margin: 1rem 0 0; overflow-wrap: anywhere; }
  svg { display: block; font: 11px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink);
    overflow: visible; }
  svg.wide { width: 100%; min-width: 36rem; max-width: 60rem; height: auto; }
  svg .label { text-anchor: end; } svg .value, svg .tick { fill: var(--quiet); font-size: 10px; }
  svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
  svg .grid { stroke: var(--line); stroke-width: 1; }
  svg .line { fill: none !important; stroke-width: 2; stroke-linejoin: round; }
  svg .band { fill: var(--c0); opacity: .18; }
  .s0 { fill: var(--c0); stroke: var(--c0); background: var(--c0); }
  .s1 { fill: var(--c1); stroke: var(--c1); background: var(--c1); }
  .s2 { fill: var(--c2); stroke: var(--c2); background: var(--c2); }
  .s3 { fill: var(--c3); stroke: var(--c3); background: var(--c3); }
  .s4 { fill: var(--c4); stroke: var(--c4); background: var(--c4); }
  .s5 { fill: var(--c5); stroke: var(--c5); background: var(--c5); }
  svg rect, svg circle { stroke: none; }
  .heat .above { fill: var(--c0); } .heat .below { fill: var(--c4); }
  .heat .none { fill: none; stroke: var(--line); } svg.heat .cell { fill: var(--ink); }
  .key { display: inline-block; width: .75em; height: .75em; border-radius: 2px;
    margin-right: .45em; print-color-adjust: exact; }
  .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; padding: 0;
    margin: .2rem 0 .8rem; overflow-wrap: anywhere; }
  .multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
    gap: .9rem 1rem; }
  figure { margin: 0; } figcaption { font-size: .8rem; font-weight: 600; overflow-wrap: anywhere; }
  figure svg { width: 100%; height: auto; font-size: 9px; } figure svg .tick { font-size: 8.5px; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .88rem; }
  th, td { padding: .22rem .7rem .22rem 0; border-bottom: 1px solid var(--line);
    text-align: left; vertical-align: top; }
  tbody th { font-weight: 400; } thead th { color: var(--quiet); font-weight: 600; }
  .numbers td, .numbers thead th:not(:first-child) { text-align: right; padding: .22rem .6rem; }
  .numbers td.text, .numbers thead th.text { text-align: left !important; }
  .modules table { font-size: .8rem; } .modules td, .modules thead th { padding: .2rem .4rem !important; }
  .modules th:first-child { padding-left: 0 !important; } .numbers th, .numbers td { white-space: nowrap; }
  .numbers .total > * { font-weight: 600; border-bottom: 0; }
  .summary th, table.facts tbody th { color: var(--quiet); white-space: nowrap; }
  .summary td { overflow-wrap: anywhere; } table.facts td { font-weight: 600; }
  .quiet { color: var(--quiet); } .good { color: var(--good); } .bad { color: var(--bad); }
  details { margin-top: 1.6rem; } details + p { margin-top: 1rem; } summary { cursor: pointer; font-weight: 600; }
  .entries dt { font-family: ui-monospace, "DejaVu Sans Mono", monospace; margin-top: .6rem; }
  .entries dd { margin: 0; } pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  .sortable.ready thead th { cursor: pointer; }
  th[aria-sort=ascending]::after { content: " ▲"; } th[aria-sort=descending]::after { content: " ▼"; }
  footer { margin-top: 3rem; color: var(--quiet); font-size: .8rem; }
  """

let script = """
  for (const table of document.querySelectorAll(".sortable")) {
    table.classList.add("ready");
    const heads = [...table.tHead.rows[0].cells];
    const texts = heads.filter(head => head.classList.contains("text")).length;
    heads.forEach((head, column) => head.addEventListener("click", () => {
      const falls = head.ariaSort !== "descending" && column >= texts;
      const sign = falls || head.ariaSort === "ascending" ? -1 : 1;
      const key = row => row.cells[column].textContent;
      const value = row => { const n = parseFloat(key(row)); return isNaN(n) ? -Infinity : n; };
      const rows = [...table.tBodies[0].rows].sort((a, b) => sign * (column >= texts
        ? value(a) - value(b) : key(a).localeCompare(key(b), undefined, { numeric: true })));
      table.tBodies[0].append(...rows);
      heads.forEach(other => { other.ariaSort = other === head
        ? (sign < 0 ? "descending" : "ascending") : null; });
    }));
  }
  """
