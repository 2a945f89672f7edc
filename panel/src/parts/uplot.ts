// uPlot with its style: one piece, loaded when the first chart is drawn.
import 'uplot/dist/uPlot.min.css';

export { default } from 'uplot';
