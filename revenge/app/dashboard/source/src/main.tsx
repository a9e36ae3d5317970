import { render } from "preact";
import { App } from "./views/App";
import { begin, keepFresh } from "./live";
import { applyTheme } from "./theme";
import "./styles.css";

applyTheme();
render(<App />, document.getElementById("app")!);
keepFresh();
void begin();
