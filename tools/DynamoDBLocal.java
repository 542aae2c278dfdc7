import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** DynamoDB Local in memory on a free port of 127.0.0.1: its own launcher listens everywhere. */
public class DynamoDBLocal {
    public static void main(String[] arguments) throws Exception {
        var store = new LocalDynamoDBRequestHandler(0, true, null, true, false);
        var server = new Server(new InetSocketAddress("127.0.0.1", 0));
        server.setHandler(new LocalDynamoDBServerHandler(store, null));
        server.start();
        System.out.println("port " + ((ServerConnector) server.getConnectors()[0]).getLocalPort());
        // Whoever started this closes the pipe, or dies: either way nothing stays behind.
        System.in.transferTo(OutputStream.nullOutputStream());
        server.stop();
        System.exit(0);
    }
}
