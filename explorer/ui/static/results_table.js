// The table of the Results tab. A click on a heading sorts, on a row opens it (with Ctrl or Shift the browser follows
// the link). All rows are one stop for Tab, and arrow keys go from row to row. The order is kept when a filter brings
// other rows.
let column = null, descending = false;

const links = () => [...element.querySelectorAll("tbody a")];

function key(row) {
    const cell = row.cells[column];
    if (cell.dataset.value === undefined) return cell.textContent;
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
}

function compare(one, other) {
    const [a, b] = [key(one), key(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
    return descending ? -order : order;
}

function sort() {
    const heading = element.querySelectorAll("thead th")[column];
    const body = element.querySelector("tbody");
    if (!heading || !body.rows[0]?.cells[column]) return;
    element.querySelector("[aria-sort]")?.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    body.append(...[...body.rows].sort(compare));
    links().forEach((link, index) => { link.tabIndex = index ? -1 : 0; });
}

watch("value", () => { if (column !== null) sort(); });

element.addEventListener("click", (event) => {
    const button = event.target.closest("th button");
    const row = event.target.closest("tbody tr:has(a)");
    if (button) {
        const clicked = button.closest("th").cellIndex;
        descending = clicked === column ? !descending : button.dataset.first === "descending";
        column = clicked;
        sort();
    } else if (row?.matches("[data-name]") && getSelection().isCollapsed && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        trigger("click", { name: row.dataset.name });
        scrollTo(0, 0);
    } else if (row && getSelection().isCollapsed && !event.target.closest("a")) {
        const ensemble = new URL(row.querySelector("a").href), now = new URLSearchParams(location.search);
        for (const key of ["example", "own"]) if (now.has(key)) ensemble.searchParams.set(key, now.get(key));
        location.assign(ensemble);
    }
});

element.addEventListener("keydown", (event) => {
    const rows = links(), at = rows.indexOf(event.target);
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at < 0 || !rows[goal]) return;
    event.preventDefault();
    rows[at].tabIndex = -1;
    rows[goal].tabIndex = 0;
    rows[goal].focus();
});
