// A board that moves: one event a second at most, each the whole state. Numbers, bars and lines
// change in place; what would move things under somebody's hands waits for a press.
import { all, one } from "./app.js";

const board = one("[data-board]");
const local = new Intl.DateTimeFormat([], { timeStyle: "medium" });
const clocks = () => {
  for (const time of all("time[data-clock]")) time.textContent = local.format(new Date(time.dateTime));
};

function rows(list, items) {
  list.replaceChildren(
    ...items.map((parts) => {
      const row = document.createElement("li");
      ["what", "number", "share"].forEach((name, place) => {
        const cell = document.createElement("span");
        cell.className = name;
        cell.dir = "auto";
        cell.textContent = parts[place];
        row.append(cell);
      });
      return row;
    }),
  );
}

function show({ figures, lists, drawings, shape, at }) {
  for (const place of all("[data-figure]")) place.textContent = figures[place.dataset.figure] ?? "";
  for (const list of all("[data-list]")) rows(list, lists[list.dataset.list] ?? []);
  for (const bar of all("[data-width]")) bar.setAttribute("width", drawings[bar.dataset.width]);
  for (const line of all("[data-path]")) line.setAttribute("d", drawings[line.dataset.path]);
  for (const line of all("[data-limit]"))
    for (const end of ["y1", "y2"]) line.setAttribute(end, drawings.stops_limit);
  const bar = one("[data-progress]");
  [bar.value, bar.max] = [figures.progress, figures.progress_max];
  one("time[data-clock]").dateTime = at;
  one("[data-moved]").hidden = shape === board.dataset.shape;
  clocks();
}

clocks();
if (board) new EventSource(board.dataset.board).onmessage = (event) => show(JSON.parse(event.data));
